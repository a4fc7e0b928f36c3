//! Clients that write without pause and note what they sent and what they were told. When their server
//! dies under them they wait for the next one and ask again, with the same `Idempotency-Key`.

mod command;
mod told;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    Answer, Client, PATIENCE, Random,
    catalogue::Catalogue,
    history::{Operation, Outcome},
};
use command::Command;
use told::Told;

/// How often, of a hundred commands whose outcome is not known, a client never asks again.
const GIVEN_UP_PERCENT: u64 = 10;

/// How long a client waits after an answer that tells it to come again.
const PAUSE: Duration = Duration::from_millis(20);

/// What the keys of all writers begin with.
const KEYS: &str = "writer-";

/// Whether a key of the log is none of any writer's.
pub fn is_of_others(key: &str) -> bool {
    !key.starts_with(KEYS)
}

/// Where the server is, and whether to go on.
#[derive(Clone)]
enum Orders {
    /// Write to one of these addresses, and to another where nobody is there.
    WriteTo(Arc<[String]>),
    /// There is no server: wait.
    Wait,
    /// Finish what is under way, and end.
    End,
}

/// Many clients that write. They end when this is dropped.
pub struct Writers {
    orders: watch::Sender<Orders>,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

/// What all writers have in common.
struct Shared {
    catalogue: Arc<Catalogue>,
    /// How long each waits between two commands, at most.
    rest_max: Duration,
    operations: Mutex<Vec<Operation>>,
    /// How many writers wait for a server.
    waiting: watch::Sender<usize>,
    acknowledged: watch::Sender<usize>,
    /// How many answers told to come again.
    refused_for_now: watch::Sender<usize>,
}

impl Writers {
    /// Starts so many, who call as `client` does.
    pub fn start(count: usize, client: &Client, random: &mut Random) -> Self {
        Self::start_resting(count, Duration::ZERO, client, random)
    }

    /// The same, and each rests between two commands, up to `rest_max`.
    pub fn start_resting(
        count: usize,
        rest_max: Duration,
        client: &Client,
        random: &mut Random,
    ) -> Self {
        let shared = Arc::new(Shared {
            catalogue: Arc::new(Catalogue::new()),
            rest_max,
            operations: Mutex::default(),
            waiting: watch::Sender::new(0),
            acknowledged: watch::Sender::new(0),
            refused_for_now: watch::Sender::new(0),
        });
        let (orders, _) = watch::channel(Orders::WriteTo([client.url().to_owned()].into()));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let writer = Writer {
                number,
                turns: number,
                client: client.clone(),
                random: random.fork(),
                orders: orders.subscribe(),
                shared: Arc::clone(&shared),
            };
            tasks.spawn(writer.run());
        }
        Self { orders, tasks, shared }
    }

    /// What those who read meanwhile need to know.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.shared.catalogue)
    }

    /// Waits until so many more commands have been acknowledged.
    pub async fn acknowledge(&self, more: usize) {
        grow(&self.shared.acknowledged, more).await;
    }

    /// Waits until so many more answers have told a writer to come again.
    pub async fn refuse_for_now(&self, more: usize) {
        grow(&self.shared.refused_for_now, more).await;
    }

    /// There is no server from now on. Returns when no request is under way any more; so it must be
    /// dead, or answer.
    pub async fn pause(&self) {
        self.orders.send_replace(Orders::Wait);
        let writers = self.tasks.len();
        let mut waiting = self.shared.waiting.subscribe();
        let all = waiting.wait_for(|waiting| *waiting == writers);
        tokio::time::timeout(PATIENCE, all).await.expect("they wait in time").expect("they live");
    }

    /// There is a server again.
    pub fn go_on(&self, url: &str) {
        self.go_on_at(&[url]);
    }

    /// There are several. Each writer has one that it writes to, and asks the next again what it asked
    /// one that does not answer.
    pub fn go_on_at(&self, urls: &[&str]) {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        self.orders.send_replace(Orders::WriteTo(urls));
    }

    /// What has been asked so far; what is under way has an unknown outcome.
    pub fn operations(&self) -> Vec<Operation> {
        self.shared.operations().clone()
    }

    /// Lets every writer finish what it has begun; gives all that was asked.
    pub async fn finish(mut self) -> Vec<Operation> {
        self.orders.send_replace(Orders::End);
        let ended = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.expect("no writer panics");
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("they end in time");
        self.operations()
    }
}

/// Waits until a count is so much larger than now.
async fn grow(count: &watch::Sender<usize>, more: usize) {
    let mut counted = count.subscribe();
    let target = *counted.borrow() + more;
    let grown = counted.wait_for(|count| *count >= target);
    tokio::time::timeout(PATIENCE, grown).await.expect("it happens in time").expect("it lives");
}

impl Shared {
    fn operations(&self) -> MutexGuard<'_, Vec<Operation>> {
        self.operations.lock().expect("nobody panics with it")
    }

    /// Notes what is about to be asked; gives where the first of it stands.
    fn note_begun(&self, command: &Command) -> usize {
        let sent = self.catalogue.now();
        let mut operations = self.operations();
        let first = operations.len();
        operations.extend(command.parts.iter().map(|part| Operation {
            key: part.key.clone(),
            events: part.events.clone(),
            meant_for: part.meant_for,
            sent,
            answered: sent,
            outcome: Outcome::Unknown,
        }));
        first
    }

    /// Notes what an answer told of each command; gives whether all have ended.
    fn note_told(&self, first: usize, told: Vec<Told>, is_open: bool) -> bool {
        let (answered, mut acknowledged, mut all) = (self.catalogue.now(), 0, true);
        let mut operations = self.operations();
        for (operation, told) in operations[first..].iter_mut().zip(told) {
            let outcome = match told {
                Told::Again { is_refused_for_now } => {
                    all = false;
                    self.refused_for_now
                        .send_modify(|count| *count += usize::from(is_refused_for_now));
                    continue;
                }
                // An earlier attempt may be under way still, and find that it can be done.
                Told::Ended(Outcome::Refused) if is_open => Outcome::Unknown,
                Told::Ended(outcome) => outcome,
            };
            if let Outcome::Acknowledged { position, .. } = outcome {
                self.catalogue.acknowledged(position);
                let was = matches!(operation.outcome, Outcome::Acknowledged { .. });
                acknowledged += usize::from(!was);
            }
            (operation.answered, operation.outcome) = (answered, outcome);
        }
        drop(operations);
        // Counted once it is noted: whoever waits for it finds it.
        self.acknowledged.send_modify(|count| *count += acknowledged);
        all
    }

    /// An answer was lost: what had been refused before, in an answer to several, is open again.
    fn note_lost(&self, first: usize, parts: usize) {
        for operation in &mut self.operations()[first..first + parts] {
            if operation.outcome == Outcome::Refused {
                operation.outcome = Outcome::Unknown;
            }
        }
    }
}

/// One of them.
struct Writer {
    number: usize,
    /// Which of the servers is its own, counted round and round.
    turns: usize,
    client: Client,
    random: Random,
    orders: watch::Receiver<Orders>,
    shared: Arc<Shared>,
}

impl Writer {
    async fn run(mut self) {
        for sequence in 0.. {
            if matches!(*self.orders.borrow(), Orders::End) {
                return;
            }
            let key = format!("{KEYS}{}-{sequence}", self.number);
            let command = Command::choose(&mut self.random, &key, &self.shared.catalogue);
            self.carry_out(&key, &command).await;
            if !self.shared.rest_max.is_zero() {
                let rest = self.random.shorter_than(self.shared.rest_max);
                tokio::time::sleep(rest).await;
            }
        }
    }

    async fn carry_out(&mut self, key: &str, command: &Command) {
        let first = self.shared.note_begun(command);
        // Whether an answer was lost: what was asked then may yet be carried out.
        let mut is_open = false;
        while let Some(urls) = self.servers().await {
            let url = &urls[self.turns % urls.len()];
            let request = command.request(&self.client.at(url), key);
            match Answer::try_to(request).await {
                Ok(answer) => {
                    let (told, films) = told::read(command, &answer);
                    for film in films {
                        self.shared.catalogue.learn(&film.address, film.revision);
                    }
                    if self.shared.note_told(first, told, is_open) {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_) => {
                    is_open = true;
                    self.shared.note_lost(first, command.parts.len());
                    self.gone(&urls).await;
                }
            }
            if self.random.percent(GIVEN_UP_PERCENT) {
                return;
            }
        }
    }

    /// Where the servers are, once there are any. `None` when there will be none.
    async fn servers(&mut self) -> Option<Arc<[String]>> {
        if let Some(answer) = address(&self.orders.borrow()) {
            return answer;
        }
        self.shared.waiting.send_modify(|waiting| *waiting += 1);
        let told = self.orders.wait_for(|orders| address(orders).is_some()).await;
        let answer = told.ok().and_then(|orders| address(&orders)).flatten();
        self.shared.waiting.send_modify(|waiting| *waiting -= 1);
        answer
    }

    /// Nobody is there: turns to the next server. Of a single one, waits for other news than that.
    async fn gone(&mut self, urls: &Arc<[String]>) {
        self.turns += 1;
        if urls.len() > 1 {
            tokio::time::sleep(PAUSE).await;
            return;
        }
        let is_news = |orders: &Orders| !matches!(orders, Orders::WriteTo(same) if same == urls);
        let _ = self.orders.wait_for(is_news).await;
    }
}

/// What orders tell of the servers: where they are, that there will be none, or nothing yet.
fn address(orders: &Orders) -> Option<Option<Arc<[String]>>> {
    match orders {
        Orders::WriteTo(urls) => Some(Some(Arc::clone(urls))),
        Orders::Wait => None,
        Orders::End => Some(None),
    }
}
