//! Where passwords are hashed: on threads of their own, at most half the processors' worth, which step back
//! for everybody else; with a bounded line in front of them.

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use metrics::{describe_gauge, gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    NewPassword, normal,
    phc::{self, COST, SALT_BYTES},
};

/// How many may wait for each thread. A hash takes some twenty milliseconds, so nobody waits much longer than
/// a second.
const LINE_PER_THREAD: usize = 32;

/// By how much hashing steps back for other threads (`nice`, Linux only).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Passwords in the line.
const WAITING: &str = "cinelog_passwords_waiting";

type Job = Box<dyn FnOnce() + Send>;

/// The line is full, or the threads are gone: it may be tried again in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be looked at")]
pub struct Busy;

/// Hashes passwords. Clones share the threads, which end with the last of them.
#[derive(Debug, Clone)]
pub struct Hasher {
    jobs: mpsc::SyncSender<Job>,
    places: Arc<Semaphore>,
    /// How many places there are.
    line: usize,
    /// What is compared with where there is no such account: it takes as long, and never fits.
    dummy: Arc<str>,
}

/// A place in the line. Whoever has one will have their turn.
#[derive(Debug)]
pub struct Place {
    hasher: Hasher,
    /// There until it is dropped.
    permit: Option<OwnedSemaphorePermit>,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Whether it is the password.
    pub(crate) is_right: bool,
    /// Whether it should be hashed anew: today's hashes take more work.
    pub(crate) is_outdated: bool,
}

impl Hasher {
    /// Starts the threads: half as many as there are processors, at least one.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub fn start(processors: NonZeroUsize) -> std::io::Result<Self> {
        let threads = (processors.get() / 2).max(1);
        let line = threads * LINE_PER_THREAD;
        let (jobs, queue) = mpsc::sync_channel::<Job>(line);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&queue))?;
        }
        describe_gauge!(WAITING, "Passwords that wait to be hashed, with those whose turn it is.");
        let salt = [0; SALT_BYTES];
        let dummy = phc::hash("", salt, COST).map_err(std::io::Error::other)?;
        Ok(Self { jobs, places: Arc::new(Semaphore::new(line)), line, dummy: dummy.into() })
    }

    /// Takes a place in the line.
    ///
    /// # Errors
    /// [`Busy`] where it is full.
    pub fn place(&self) -> Result<Place, Busy> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        self.show_waiting();
        Ok(Place { hasher: self.clone(), permit: Some(permit) })
    }

    /// How many are in the line, with those whose turn it is.
    fn waiting(&self) -> usize {
        self.line.saturating_sub(self.places.available_permits())
    }

    fn show_waiting(&self) {
        let waiting = u32::try_from(self.waiting()).unwrap_or(u32::MAX);
        gauge!(WAITING).set(f64::from(waiting));
    }
}

impl Place {
    /// Hashes a password. `salt` is new, and random.
    ///
    /// # Errors
    /// [`Busy`] where the threads are gone.
    pub async fn hash(self, password: NewPassword, salt: [u8; 32]) -> Result<String, Busy> {
        let mut short = [0; SALT_BYTES];
        short.copy_from_slice(&salt[..SALT_BYTES]);
        self.run(move || phc::hash(&password.0, short, COST)).await?.map_err(|_| Busy)
    }

    /// Hashes anew a password that was just found to be right.
    ///
    /// # Errors
    /// [`Busy`] where the threads are gone.
    pub(crate) async fn rehash(self, password: &str, salt: [u8; 32]) -> Result<String, Busy> {
        let password = NewPassword(normal(password).unwrap_or_default());
        self.hash(password, salt).await
    }

    /// Judges a password that somebody wants to have: estimating how easily it is guessed is work, too.
    ///
    /// # Errors
    /// [`Busy`] where the threads are gone.
    pub(crate) async fn judge(
        &self,
        password: String,
        personal: Vec<String>,
    ) -> Result<Result<NewPassword, super::Unfit>, Busy> {
        self.run(move || {
            let personal: Vec<&str> = personal.iter().map(String::as_str).collect();
            NewPassword::new(&password, &personal)
        })
        .await
    }

    /// Whether `password` is the one that was `stored`; it never is where nothing was, which takes as long to
    /// find out.
    ///
    /// # Errors
    /// [`Busy`] where the threads are gone.
    pub(crate) async fn compare(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<Compared, Busy> {
        let (given, is_there) = (normal(password), stored.is_some());
        let is_possible = given.is_some() && is_there;
        let given = given.unwrap_or_default();
        let stored: Arc<str> = stored.map_or_else(|| Arc::clone(&self.hasher.dummy), Arc::from);
        self.run(move || match phc::is_right(&given, &stored) {
            Ok(is_right) => {
                let is_outdated = phc::is_outdated(&stored);
                Compared { is_right: is_right && is_possible, is_outdated }
            }
            Err(error) => {
                tracing::error!(%error, "nobody can log in with it until it is reset by mail");
                Compared { is_right: false, is_outdated: false }
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            // Whoever has gone away needs no answer.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        };
        // There are as many places as the channel holds, and this one is ours.
        self.hasher.jobs.try_send(Box::new(job)).map_err(|_| Busy)?;
        answered.await.map_err(|_| Busy)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.hasher.show_waiting();
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        // It works without; it is only less polite.
        tracing::debug!(%error, "the priority of hashing cannot be lowered");
    }
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // Whoever asked is told that there is no answer; the others need this thread.
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(job))),
            Err(mpsc::RecvError) => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::start(NonZeroUsize::MIN).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_nothing_is_where_there_is_none() {
        let hasher = hasher();
        let password = NewPassword::new("correct horse battery staple", &[]).unwrap();
        let stored = hasher.place().unwrap().hash(password, [1; 32]).await.unwrap();
        let place = hasher.place().unwrap();
        let right = place.compare("correct horse battery staple", Some(&stored)).await.unwrap();
        assert_eq!(right, Compared { is_right: true, is_outdated: false });
        assert!(!place.compare("another one", Some(&stored)).await.unwrap().is_right);
        // Not even what the dummy was made of.
        assert!(!place.compare("", None).await.unwrap().is_right);
    }

    #[tokio::test]
    async fn who_comes_when_the_line_is_full_is_sent_away_and_a_place_is_given_back() {
        let hasher = hasher();
        let places: Vec<Place> = (0..LINE_PER_THREAD).map(|_| hasher.place().unwrap()).collect();
        assert_eq!(hasher.place().unwrap_err(), Busy);
        drop(places);
        hasher.place().unwrap();
    }

    #[tokio::test]
    async fn who_is_in_the_line_is_counted_however_many_processors_there_are() {
        let hasher = Hasher::start(NonZeroUsize::new(8).unwrap()).unwrap();
        let places: Vec<Place> = (0..3).map(|_| hasher.place().unwrap()).collect();
        assert_eq!(hasher.waiting(), 3);
        drop(places);
        assert_eq!(hasher.waiting(), 0);
    }

    #[tokio::test]
    async fn what_a_password_breaks_does_not_end_the_thread_for_others() {
        let hasher = hasher();
        let place = hasher.place().unwrap();
        let broken = place.run(|| panic!("by a password")).await;
        assert_eq!(broken, Err::<(), _>(Busy));
        assert!(!place.compare("another one", None).await.unwrap().is_right);
    }

    #[tokio::test]
    async fn an_endless_password_is_no_work() {
        let hasher = hasher();
        let place = hasher.place().unwrap();
        let endless = "x".repeat(10 << 20);
        assert!(!place.compare(&endless, Some("$argon2id$v=19$rubbish")).await.unwrap().is_right);
    }
}
