//! Clients that read without pause, now at this node and now at that, and note what they asked and what
//! they were shown.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    Answer, Client, PATIENCE, Random, Writers,
    catalogue::Catalogue,
    history::{Found, Read},
};

/// How long a reader rests between two reads, at most.
const REST_MAX: Duration = Duration::from_millis(40);

/// How many seconds a reader lets a node wait for the position that it asks for.
const WAIT: &str = "wait=2";

/// How much of an answer that no server may give is kept, in characters.
const SAID_MAX: usize = 600;

const LIST: &str = "/v1/movies?sort=-created_at&limit=5";

/// Many clients that read. They end when this is dropped.
pub struct Readers {
    urls: watch::Sender<Arc<[String]>>,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

/// All that readers found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Reads that were answered; those of each reader in its order.
    pub reads: Vec<Read>,
    /// When they were answered, on the writers' clock, in nanoseconds; in this order.
    pub answered: Vec<u64>,
    /// Reads that were told to come again.
    pub refused_for_now: u64,
    /// Reads that were not answered.
    pub lost: u64,
}

struct Shared {
    catalogue: Arc<Catalogue>,
    found: Mutex<(Vec<Read>, Vec<u64>)>,
    refused_for_now: AtomicU64,
    lost: AtomicU64,
    is_over: AtomicBool,
}

impl Readers {
    /// Starts so many, who call as `client` does, and read what `writers` write.
    pub fn start(count: usize, client: &Client, writers: &Writers, random: &mut Random) -> Self {
        let shared = Arc::new(Shared {
            catalogue: writers.catalogue(),
            found: Mutex::default(),
            refused_for_now: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let (urls, _) = watch::channel(Arc::from([client.url().to_owned()]));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let reader = Reader {
                number,
                client: client.clone(),
                random: random.fork(),
                urls: urls.subscribe(),
                shown: 0,
                shared: Arc::clone(&shared),
            };
            tasks.spawn(reader.run());
        }
        Self { urls, tasks, shared }
    }

    /// Where they can read from now on.
    pub fn go_on_at(&self, urls: &[&str]) {
        self.urls.send_replace(urls.iter().map(|url| (*url).to_owned()).collect());
    }

    /// Ends them; gives all that they found.
    pub async fn finish(mut self) -> Findings {
        self.shared.is_over.store(true, Ordering::SeqCst);
        let ended = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.expect("no reader panics");
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("they end in time");
        let mut found = self.shared.found.lock().expect("nobody panics with it");
        let (reads, answered) = std::mem::take(&mut *found);
        let refused_for_now = self.shared.refused_for_now.load(Ordering::SeqCst);
        Findings { reads, answered, refused_for_now, lost: self.shared.lost.load(Ordering::SeqCst) }
    }
}

/// One of them.
struct Reader {
    number: usize,
    client: Client,
    random: Random,
    urls: watch::Receiver<Arc<[String]>>,
    /// The furthest position that it was shown.
    shown: u64,
    shared: Arc<Shared>,
}

impl Reader {
    async fn run(mut self) {
        while !self.shared.is_over.load(Ordering::SeqCst) {
            self.read().await;
            tokio::time::sleep(self.random.shorter_than(REST_MAX)).await;
        }
    }

    async fn read(&mut self) {
        let film = self.shared.catalogue.to_read(&mut self.random);
        let film = film.filter(|_| !self.random.percent(15)).map(|film| film.address);
        let target = film.clone().unwrap_or_else(|| LIST.to_owned());
        // What it was shown, what somebody was told to be done, or whatever comes.
        let (in_session, asked) = match self.random.below(100) {
            0..50 => (true, Some(self.shown)),
            50..75 => (false, Some(self.shared.catalogue.furthest())),
            _ => (false, None),
        };
        let urls = Arc::clone(&self.urls.borrow());
        let url: &String = self.random.one_of(&urls);
        let mut request = self.client.at(url).request(Method::GET, &target);
        if let Some(asked) = asked {
            request = request.header("Cinelog-Min-Position", asked).header("Prefer", WAIT);
        }
        let sent = self.shared.catalogue.now();
        let Ok(answer) = Answer::try_to(request).await else {
            self.shared.lost.fetch_add(1, Ordering::SeqCst);
            return;
        };
        let Some(found) = found(film.as_deref(), &answer) else {
            self.shared.refused_for_now.fetch_add(1, Ordering::SeqCst);
            return;
        };
        if let Found::Film { position, .. } | Found::Other { position } = found {
            self.shown = self.shown.max(position);
        }
        let answered = self.shared.catalogue.now();
        let mut all = self.shared.found.lock().expect("nobody panics with it");
        all.0.push(Read { reader: self.number, in_session, asked, sent, target, found });
        all.1.push(answered);
    }
}

/// What an answer shows. `None`: it told to come again.
fn found(film: Option<&str>, answer: &Answer) -> Option<Found> {
    let wrong = || {
        let said = format!("{} {:?} {}", answer.status, answer.headers, answer.text);
        Some(Found::Wrong(said.chars().take(SAID_MAX).collect()))
    };
    let stream = film.and_then(|film| film.rsplit('/').next()).map(|id| format!("movie-{id}"));
    let position = answer.header("Cinelog-Position").parse();
    match (answer.status, stream, position) {
        (200, None, Ok(position)) => Some(Found::Other { position }),
        (200, Some(stream), Ok(position)) => match revisions(answer.header("ETag")) {
            Some((revision, ratings)) => Some(Found::Film { position, stream, revision, ratings }),
            None => wrong(),
        },
        (404, Some(stream), _) => Some(Found::Nothing { stream }),
        (503, ..) if !answer.header("Retry-After").is_empty() => None,
        _ => wrong(),
    }
}

/// Revision and number of ratings in a film's tag: `"r3.1.g1.s1"`.
fn revisions(tag: &str) -> Option<(u64, u64)> {
    let mut parts = tag.trim_matches('"').strip_prefix('r')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
