//! Clients that write without pause and note what they sent and what they were told. When their server
//! dies under them they wait for the next one and ask again, with the same `Idempotency-Key`.

mod command;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    Answer, Client, PATIENCE, Random,
    history::{Operation, Outcome},
};
use command::Command;

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
    begun: Instant,
    operations: Mutex<Vec<Operation>>,
    /// Films that have been made, for others to change.
    films: Mutex<Vec<String>>,
    /// How many writers wait for a server.
    waiting: watch::Sender<usize>,
    acknowledged: watch::Sender<usize>,
    /// How many answers told to come again.
    refused_for_now: watch::Sender<usize>,
}

impl Writers {
    /// Starts so many, who call as `client` does.
    pub fn start(count: usize, client: &Client, random: &mut Random) -> Self {
        let shared = Arc::new(Shared {
            begun: Instant::now(),
            operations: Mutex::default(),
            films: Mutex::default(),
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

    /// Nanoseconds since the writers were started.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).expect("a short time")
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
            let films = self.shared.films.lock().expect("nobody panics with it").clone();
            let command = Command::choose(&mut self.random, &key, &films);
            self.carry_out(key, &command).await;
        }
    }

    async fn carry_out(&mut self, key: String, command: &Command) {
        let sent = self.shared.now();
        let index = {
            let (events_max, outcome) = (command.events_max, Outcome::Unknown);
            let mut operations = self.shared.operations();
            operations.push(Operation {
                key: key.clone(),
                events_max,
                sent,
                answered: sent,
                outcome,
            });
            operations.len() - 1
        };
        while let Some(urls) = self.servers().await {
            let url = &urls[self.turns % urls.len()];
            let request = command.request(&self.client.at(url)).header("Idempotency-Key", &key);
            let outcome = match Answer::try_to(request).await {
                Ok(answer) => self.judge(&answer).await,
                Err(_) => {
                    self.gone(&urls).await;
                    None
                }
            };
            if let Some(outcome) = outcome {
                let answered = self.shared.now();
                let acknowledged = matches!(outcome, Outcome::Acknowledged { .. });
                {
                    let mut operations = self.shared.operations();
                    operations[index].answered = answered;
                    operations[index].outcome = outcome;
                }
                // Counted once it is noted: whoever waits for it finds it.
                if acknowledged {
                    self.shared.acknowledged.send_modify(|count| *count += 1);
                }
                return;
            }
            if self.random.percent(GIVEN_UP_PERCENT) {
                return;
            }
        }
    }

    /// What the answer says for good, if anything.
    async fn judge(&self, answer: &Answer) -> Option<Outcome> {
        match answer.status {
            200 | 201 => {
                let (events, position) = command::told(&answer.json());
                if answer.status == 201
                    && let Some(film) = command::film(answer)
                {
                    self.shared.films.lock().expect("nobody panics with it").push(film);
                }
                Some(Outcome::Acknowledged { events, position })
            }
            503 => {
                assert_eq!(answer.header("Content-Type"), "application/problem+json");
                assert_ne!(answer.header("Retry-After"), "", "{answer:?}");
                self.shared.refused_for_now.send_modify(|count| *count += 1);
                tokio::time::sleep(PAUSE).await;
                None
            }
            409 if answer.text.contains("/problems/request-in-flight") => {
                tokio::time::sleep(PAUSE).await;
                None
            }
            400..500 => Some(Outcome::Refused),
            _ => panic!("{answer:?}"),
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
