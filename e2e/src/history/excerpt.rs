//! The part of a history that a violation is about, as small as can be.

use super::{Fact, History, Operation, Violation, violation::ReadIs};

/// The most lines that are shown of anything.
const LINES_MAX: usize = 6;

/// What clients did, and what the log holds, of what `violation` is about. A line each.
pub fn excerpt(history: &History, violation: &Violation) -> Vec<String> {
    let about = About::of(violation);
    let mut lines = Vec::new();
    let asked = |operation: &&Operation| about.keys.contains(&operation.key.as_str());
    lines.extend(history.operations.iter().filter(asked).take(LINES_MAX).map(operation));
    let read = about.read.and_then(|is| history.reads.iter().find(|read| read.is() == *is));
    if let Some(read) = read {
        let (name, asked) = (read.is(), read.asked);
        lines.push(format!("{name}, asked for {asked:?}: {:?}", read.found));
    }
    let at = |fact: &&Fact| {
        about.positions.contains(&fact.position)
            || about.stream.as_deref() == Some(&fact.stream)
            || fact.key.as_deref().is_some_and(|key| about.keys.contains(&key))
    };
    let facts: Vec<&Fact> = history.log.iter().filter(at).collect();
    // The latest of a stream: what came before them was not in doubt.
    lines.extend(facts[facts.len().saturating_sub(LINES_MAX)..].iter().map(|fact| in_log(fact)));
    let published = history.published.iter().flatten();
    let records = published.filter(|record| about.positions.contains(&record.position));
    lines.extend(records.take(LINES_MAX).map(|record| format!("in Kafka: {record:?}")));
    lines
}

/// What a violation is about.
#[derive(Default)]
struct About<'a> {
    keys: Vec<&'a str>,
    positions: Vec<u64>,
    stream: Option<String>,
    read: Option<&'a ReadIs>,
}

impl<'a> About<'a> {
    fn of(violation: &'a Violation) -> Self {
        let command = |key: &'a str, positions: &[u64]| Self {
            keys: vec![key],
            positions: positions.to_vec(),
            ..Self::default()
        };
        let at = |positions: &[u64]| Self { positions: positions.to_vec(), ..Self::default() };
        match violation {
            Violation::Lost { key, position, .. } => command(key, &[*position]),
            Violation::Doubled { key, positions }
            | Violation::Half { key, positions }
            | Violation::RefusedYetDone { key, positions } => command(key, positions),
            Violation::Misplaced { key, told, positions } => {
                let positions: Vec<u64> = positions.iter().chain([told]).copied().collect();
                command(key, &positions)
            }
            Violation::Overwrote { key, stream, .. } => {
                Self { stream: Some(stream.clone()), ..command(key, &[]) }
            }
            Violation::WrongAnswer { to, .. } => command(to, &[]),
            Violation::Reordered { earlier, later, at, before } => {
                Self { keys: vec![earlier, later], ..command(later, &[*at, *before]) }
            }
            Violation::Stale { read, asked: position, .. }
            | Violation::WentBack { read, before: position, .. }
            | Violation::Behind { read, position, .. }
            | Violation::WrongPresence { read, position, .. } => {
                Self { read: Some(read), stream: stream_of(read), ..at(&[*position]) }
            }
            Violation::Invented { read, .. } => {
                Self { read: Some(read), stream: stream_of(read), ..Self::default() }
            }
            Violation::ShownOther { stream, .. } => {
                Self { stream: Some(stream.clone()), ..Self::default() }
            }
            Violation::PositionGap { expected, found } => at(&[*expected, *found]),
            Violation::RevisionGap { position, .. }
            | Violation::DoubledId { position, .. }
            | Violation::Unasked { position }
            | Violation::Unpublished { position }
            | Violation::PublishedTwice { position, .. }
            | Violation::PublishedOutOfOrder { position, .. }
            | Violation::PublishedOther { position, .. }
            | Violation::Rewritten { position }
            | Violation::CutOff { position } => at(&[*position]),
            Violation::Disagree { .. }
            | Violation::NotVerified { .. }
            | Violation::NotWell { .. } => Self::default(),
        }
    }
}

/// The stream of the film that was read.
fn stream_of(read: &ReadIs) -> Option<String> {
    let id = read.target.strip_prefix("/v1/movies/")?;
    Some(format!("movie-{id}"))
}

fn operation(operation: &Operation) -> String {
    let seconds = |time: u64| time as f64 / 1e9;
    format!(
        "{} sent at {:.3} s, known at {:.3} s: {:?}",
        operation.key,
        seconds(operation.sent),
        seconds(operation.answered),
        operation.outcome
    )
}

fn in_log(fact: &Fact) -> String {
    let Fact { position, stream, revision, event_type, key, .. } = fact;
    let key = key.as_deref().unwrap_or("nobody");
    format!("in the log at {position}: {event_type}, {stream} revision {revision}, of {key}")
}
