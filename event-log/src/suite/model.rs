//! The log against a model of it: random appends, some of them together, must be answered and kept
//! as a list in memory would.

use events::{EventId, Position, RecordedEvent, Revision, StreamName};
use futures::future::join_all;
use proptest::{
    collection::vec,
    option, prop_oneof,
    sample::Index,
    strategy::{Just, Strategy},
    test_runner::{Config, TestRunner},
};
use serde_json::Value;

use super::{
    Fixture,
    facts::{NOON, event_with_id, everything, stream},
};
use crate::{Append, AppendError, Appended, Direction, EventLog, Expected, IdempotencyEntry};

const STREAMS: u8 = 3;
const KEYS: u8 = 4;

/// An append as it is drawn.
#[derive(Debug, Clone)]
enum Step {
    New {
        stream: u8,
        expected: Guess,
        ids: Vec<u8>,
        key: Option<u8>,
    },
    /// One of those before, once more.
    Again(Index),
}

#[derive(Debug, Clone)]
enum Guess {
    NoStream,
    Any,
    Exact(u8),
    /// Exact, and right unless the log is wrong.
    Actual,
}

fn step() -> impl Strategy<Value = Step> {
    let guess = prop_oneof![
        Just(Guess::NoStream),
        Just(Guess::Any),
        (0..6_u8).prop_map(Guess::Exact),
        Just(Guess::Actual),
    ];
    let new = (0..STREAMS, guess, vec(0..80_u8, 0..4), option::weighted(0.2, 0..KEYS))
        .prop_map(|(stream, expected, ids, key)| Step::New { stream, expected, ids, key });
    prop_oneof![4 => new, 1 => proptest::arbitrary::any::<Index>().prop_map(Step::Again)]
}

/// The log as the contract has it, in the simplest words.
#[derive(Default)]
struct Model {
    log: Vec<(StreamName, Revision, EventId)>,
    keys: Vec<(String, Appended)>,
}

/// What is comparable of an answer.
#[derive(Debug, PartialEq)]
enum Answer {
    At(Appended),
    Conflict(Revision),
    Duplicate,
    KeyTaken,
}

impl From<Result<Appended, AppendError>> for Answer {
    fn from(result: Result<Appended, AppendError>) -> Self {
        match result {
            Ok(appended) => Self::At(appended),
            Err(AppendError::Conflict { actual }) => Self::Conflict(actual),
            Err(AppendError::DuplicateEvent(_)) => Self::Duplicate,
            Err(AppendError::KeyTaken) => Self::KeyTaken,
            Err(other) => panic!("{other}"),
        }
    }
}

impl Model {
    fn revision(&self, stream: &StreamName) -> Revision {
        Revision(self.log.iter().filter(|(of, ..)| of == stream).count() as u64)
    }

    fn append(&mut self, append: &Append) -> Answer {
        if let Some(at) = self.repetition(append) {
            return Answer::At(at);
        }
        let key = append.idempotency.as_ref().map(|entry| &entry.key);
        if self.keys.iter().any(|(taken, _)| Some(taken) == key) {
            return Answer::KeyTaken;
        }
        let ids: Vec<EventId> = append.events.iter().map(|event| event.id).collect();
        let twice = (1..ids.len()).any(|n| ids[..n].contains(&ids[n]));
        if twice || self.log.iter().any(|(.., id)| ids.contains(id)) {
            return Answer::Duplicate;
        }
        let actual = self.revision(&append.stream);
        if !is_expected(append.expected, actual) {
            return Answer::Conflict(actual);
        }
        for id in ids {
            let revision = self.revision(&append.stream).next();
            self.log.push((append.stream.clone(), revision, id));
        }
        let revision = self.revision(&append.stream);
        let at = Appended { revision, position: Position(self.log.len() as u64) };
        self.keys.extend(key.map(|key| (key.clone(), at)));
        Answer::At(at)
    }

    fn repetition(&self, append: &Append) -> Option<Appended> {
        let first = append.events.first()?.id;
        let start = self.log.iter().position(|(.., id)| *id == first)?;
        let found = self.log.get(start..start + append.events.len())?;
        let same = found
            .iter()
            .zip(&append.events)
            .all(|((stream, _, id), event)| *stream == append.stream && *id == event.id);
        let before = Revision(found[0].1.0 - 1);
        let position = Position((start + found.len()) as u64);
        let at = Appended { revision: found[found.len() - 1].1, position };
        (same && is_expected(append.expected, before)).then_some(at)
    }
}

fn is_expected(expected: Expected, actual: Revision) -> bool {
    match expected {
        Expected::NoStream => actual == Revision::NONE,
        Expected::Exact(revision) => actual == revision,
        Expected::Any => true,
    }
}

fn draw(step: &Step, before: &[Append], model: &Model) -> Append {
    match step {
        Step::Again(index) if !before.is_empty() => index.get(before).clone(),
        Step::Again(_) => Append::new(stream("movie-0"), Expected::Any, vec![]),
        Step::New { stream: name, expected, ids, key } => {
            let stream = stream(&format!("movie-{name}"));
            let expected = match expected {
                Guess::NoStream => Expected::NoStream,
                Guess::Any => Expected::Any,
                Guess::Exact(revision) => Expected::Exact(Revision((*revision).into())),
                Guess::Actual => Expected::Exact(model.revision(&stream)),
            };
            let idempotency = key.map(|key| IdempotencyEntry {
                key: format!("key {key}"),
                fingerprint: String::new(),
                answer: Value::Null,
                recorded_at: NOON,
            });
            let events = ids.iter().map(|id| event_with_id((*id).into())).collect();
            Append { stream, expected, given: None, events, idempotency }
        }
    }
}

async fn assert_agrees(log: &dyn EventLog, model: &Model) {
    let row = |event: &RecordedEvent| (event.stream.clone(), event.revision, event.id);
    let forwards = everything(log).await;
    assert_eq!(forwards.iter().map(row).collect::<Vec<_>>(), model.log);
    for (event, position) in forwards.iter().zip(1..) {
        assert_eq!(event.position, Position(position));
    }
    let end = Position(u64::MAX);
    let mut backwards = log.read_all(end, Direction::Backwards, usize::MAX).await.unwrap();
    backwards.reverse();
    assert_eq!(backwards.iter().map(row).collect::<Vec<_>>(), model.log);
    for n in 0..STREAMS {
        let stream = stream(&format!("movie-{n}"));
        let read = log.read_stream(&stream, Revision(1), usize::MAX).await.unwrap();
        let kept = model.log.iter().filter(|(of, ..)| *of == stream).cloned();
        assert_eq!(read.iter().map(row).collect::<Vec<_>>(), kept.collect::<Vec<_>>());
    }
    for n in 0..KEYS {
        let key = format!("key {n}");
        let kept = model.keys.iter().find(|(taken, _)| *taken == key).map(|(_, at)| *at);
        let recalled = log.recall(&key).await.unwrap();
        assert_eq!(recalled.map(|remembered| remembered.appended), kept);
    }
}

async fn run(fixture: &mut impl Fixture, groups: Vec<Vec<Step>>) {
    let (mut model, mut before) = (Model::default(), Vec::new());
    let log = fixture.log();
    for group in groups {
        let mut expected = Vec::new();
        let mut appends = Vec::new();
        for step in group {
            let append = draw(&step, &before, &model);
            expected.push(model.append(&append));
            before.push(append.clone());
            appends.push(log.append(append));
        }
        // All of a group wait together, in this order.
        let answers: Vec<Answer> = join_all(appends).await.into_iter().map(Answer::from).collect();
        assert_eq!(answers, expected);
    }
    assert_agrees(&*log, &model).await;
    drop(log);
    fixture.reopen().await;
    assert_agrees(&*fixture.log(), &model).await;
}

/// Not async itself, since proptest is not.
pub fn the_log_agrees_with_a_model_of_it<F: Fixture, Fresh: Future<Output = F>>(
    fresh: impl Fn() -> Fresh,
) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&vec(vec(step(), 1..8), 0..8), |groups| {
            runtime.block_on(async {
                let mut fixture = fresh().await;
                run(&mut fixture, groups).await;
            });
            Ok(())
        })
        .unwrap();
}
