//! Who takes mails, and who carries them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use metrics::{counter, describe_counter};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::sleep,
};

use super::{Delivery, Letter, Mail, SmtpError, smtp::CONNECTIONS_MAX};

/// Mails that may wait. What comes when so many do is dropped, and counted.
const QUEUE_MAX: usize = 1_024;

/// Mails that are being sent, or wait to be sent again.
const UNDER_WAY_MAX: usize = 64;

/// How often a mail is sent in vain before it is given up: with the pauses about ten minutes.
const ATTEMPTS_MAX: u32 = 10;

/// How long is waited after the first time; twice as long after each further one.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// How long at most.
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// Mails to one address within [`ADDRESS_PERIOD`]: nobody's letter box is filled by strangers who ask for mails.
pub(crate) const PER_ADDRESS_MAX: u32 = 5;

/// The time in which mails to an address are counted.
const ADDRESS_PERIOD: Duration = Duration::from_secs(60 * 60);

/// Addresses that are counted at once.
const ADDRESSES_MAX: u64 = 100_000;

/// Takes mails. Clones hand in at the same place.
#[derive(Debug, Clone)]
pub struct Post {
    queue: mpsc::Sender<Mail>,
    sent_to: Cache<[u8; 32], Arc<AtomicU32>>,
}

/// Carries them.
#[derive(Debug)]
pub struct Postman {
    queue: mpsc::Receiver<Mail>,
    delivery: Arc<Delivery>,
}

/// A place to hand in mails, and who carries them from there.
#[must_use]
pub fn post(delivery: Delivery) -> (Post, Postman) {
    describe_counter!("cinelog_mails_total", "Mails, by what became of them");
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    let sent_to = Cache::builder().max_capacity(ADDRESSES_MAX).time_to_live(ADDRESS_PERIOD).build();
    (Post { queue: sender, sent_to }, Postman { queue, delivery: Arc::new(delivery) })
}

impl Post {
    /// Hands in a mail. Nobody waits for it; where too many wait, it is dropped.
    pub fn send(&self, mail: Mail) {
        if let Err(error) = self.queue.try_send(mail) {
            let (mpsc::error::TrySendError::Full(mail) | mpsc::error::TrySendError::Closed(mail)) =
                error;
            count(&mail, "dropped");
            tracing::warn!(mail = %mail.id, "a mail was dropped: too many wait to be sent");
        }
    }

    /// Whether an address, in the form in which two are compared, may be sent a mail that somebody asks for; it
    /// is counted. To be asked before anything is made that the mail would carry: what nobody is sent must not
    /// take the place of what was sent.
    pub fn reserve(&self, address: &str) -> bool {
        let key: [u8; 32] = Sha256::digest(address).into();
        let sent = self.sent_to.get_with(key, Arc::default);
        let is_free = sent.fetch_add(1, Ordering::Relaxed) < PER_ADDRESS_MAX;
        if !is_free {
            counter!("cinelog_mails_total", "kind" => "asked", "outcome" => "withheld")
                .increment(1);
        }
        is_free
    }
}

impl Postman {
    /// Carries mails until `stopped`. What waits then is not sent.
    pub async fn run(mut self, stopped: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        let lines = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut under_way = JoinSet::new();
        let mut stopped = std::pin::pin!(stopped);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                Some((self.queue.recv().await?, place))
            };
            let (mail, place) = tokio::select! {
                () = &mut stopped => break,
                next = next => match next {
                    Some(next) => next,
                    None => break,
                },
            };
            while under_way.try_join_next().is_some() {}
            let (delivery, lines) = (Arc::clone(&self.delivery), Arc::clone(&lines));
            under_way.spawn(async move {
                deliver(&delivery, &lines, &mail).await;
                drop(place);
            });
        }
        let left = under_way.len() + self.queue.len();
        if left > 0 {
            tracing::warn!(
                left,
                "mails were not sent before the end: who asked for them can ask again"
            );
        }
    }
}

async fn deliver(delivery: &Delivery, lines: &Semaphore, mail: &Mail) {
    let smtp = match delivery {
        Delivery::Smtp(smtp) => smtp,
        Delivery::Log => return write(mail),
    };
    let (mut attempt, mut pause) = (1, PAUSE_MIN);
    loop {
        // Sending has its own time limits.
        let line = lines.acquire().await;
        let sent = smtp.send(mail).await;
        drop(line);
        let error = match sent {
            Ok(()) => return count(mail, "sent"),
            Err(error) => error,
        };
        let is_final = !matches!(error, SmtpError::Refused { is_permanent: false, .. });
        if is_final || attempt == ATTEMPTS_MAX {
            count(mail, "failed");
            tracing::error!(mail = %mail.id, %error, attempt, "a mail was given up");
            return;
        }
        count(mail, "retried");
        tracing::warn!(mail = %mail.id, %error, attempt, "a mail will be sent again");
        sleep(pause).await;
        attempt += 1;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Where there is no server, whoever tries things out finds what a mail would say in the log. To whom is not
/// said.
fn write(mail: &Mail) {
    let (kind, subject) = (mail.letter.kind(), mail.letter.subject());
    match &mail.letter {
        Letter::Verification { token, .. }
        | Letter::AlreadyRegistered { token, .. }
        | Letter::PasswordReset { token, .. } => {
            tracing::info!(
                kind,
                token,
                "a mail, written here since no [mail] is configured: {subject}"
            );
        }
        Letter::PasswordChanged => {
            tracing::info!(kind, "a mail, written here since no [mail] is configured: {subject}");
        }
    }
    count(mail, "logged");
}

fn count(mail: &Mail, outcome: &'static str) {
    counter!("cinelog_mails_total", "kind" => mail.letter.kind(), "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn mail(to: &str, letter: Letter) -> Mail {
        Mail { id: Uuid::nil(), to: to.to_owned(), letter, at: Timestamp::UNIX_EPOCH }
    }

    fn asked(to: &str) -> Mail {
        mail(to, Letter::PasswordReset { token: "t".to_owned(), good_for: ADDRESS_PERIOD })
    }

    #[tokio::test]
    async fn an_address_gets_few_mails_however_often_somebody_asks() {
        let (post, postman) = post(Delivery::Log);
        let allowed = (0..100).filter(|_| post.reserve("ada@films.example")).count();
        assert_eq!(allowed, 5);
        assert!(post.reserve("bob@films.example"));
        // That the password was changed is told nevertheless.
        post.send(mail("ada@films.example", Letter::PasswordChanged));
        assert_eq!(postman.queue.len(), 1);
    }

    #[tokio::test]
    async fn who_hands_in_never_waits() {
        let (post, postman) = post(Delivery::Log);
        for number in 0..2 * QUEUE_MAX {
            post.send(asked(&format!("{number}@films.example")));
        }
        assert_eq!(postman.queue.len(), QUEUE_MAX);
    }

    #[tokio::test]
    async fn a_postman_who_is_told_to_stop_stops() {
        let (post, postman) = post(Delivery::Log);
        post.send(asked("ada@films.example"));
        postman.run(std::future::ready(())).await;
    }
}
