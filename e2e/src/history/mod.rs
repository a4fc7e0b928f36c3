//! The history checker: what clients did and were told, against what the log holds afterwards.
//! Recorded operations in, violations out. Knows no store and no transport, so that it serves every
//! arrangement of Cinelog.
//!
//! What must hold: an acknowledged command is in the log once, with the events and at the position that
//! its answer told; a refused one is not; one whose outcome nobody knows is there once or not at all;
//! positions and revisions have no gaps; and what was answered before something else was asked stands
//! before it.

mod violation;

#[cfg(test)]
mod tests;

pub use violation::Violation;

use std::collections::{BTreeMap, HashMap, HashSet};

/// One command, as the client saw it, its repetitions included.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its `Idempotency-Key`, which no other operation has.
    pub key: String,
    /// The most events that it can lead to when it is carried out once.
    pub events_max: usize,
    /// When it was first sent, on a clock that all clients share.
    pub sent: u64,
    /// When its outcome became known, on the same clock.
    pub answered: u64,
    /// What the client was told.
    pub outcome: Outcome,
}

/// What a client was told about a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Acknowledged {
        /// The ids of its events, in order. None for a command that had nothing to change.
        events: Vec<String>,
        /// The position of the last one.
        position: u64,
    },
    /// It was refused, for good.
    Refused,
    /// No answer, or one that leaves it open.
    Unknown,
}

/// An event, as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its place in the log.
    pub position: u64,
    /// Its stream.
    pub stream: String,
    /// Its place in the stream.
    pub revision: u64,
    /// Its id.
    pub id: String,
    /// What happened.
    pub event_type: String,
    /// The `Idempotency-Key` of the command that it comes from.
    pub key: Option<String>,
    /// Its data.
    pub data: String,
}

/// Everything in which the log contradicts what clients were told, or itself. `log` is the whole log, in
/// its order. Events without a key, or with one for which `is_of_others` holds, are somebody else's.
pub fn check(
    operations: &[Operation],
    log: &[Fact],
    is_of_others: impl Fn(&str) -> bool,
) -> Vec<Violation> {
    let mut found = structure(log);
    let mut by_key: HashMap<&str, Vec<&Fact>> = HashMap::new();
    for fact in log {
        if let Some(key) = fact.key.as_deref().filter(|key| !is_of_others(key)) {
            by_key.entry(key).or_default().push(fact);
        }
    }
    for operation in operations {
        let facts = by_key.remove(operation.key.as_str()).unwrap_or_default();
        found.extend(effects(operation, &facts));
    }
    let mut unasked: Vec<&Fact> = by_key.into_values().flatten().collect();
    unasked.sort_by_key(|fact| fact.position);
    found.extend(unasked.into_iter().map(|fact| Violation::Unasked { position: fact.position }));
    found.extend(real_time(operations, log));
    found
}

/// What the log must be, whoever wrote it: positions and revisions from 1 without gaps, ids once.
fn structure(log: &[Fact]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut revisions: HashMap<&str, u64> = HashMap::new();
    let mut ids = HashSet::new();
    for (fact, expected) in log.iter().zip(1..) {
        let position = fact.position;
        if position != expected {
            // All that follow would be out of place too.
            found.push(Violation::PositionGap { expected, found: position });
            break;
        }
        let revision = revisions.entry(&fact.stream).or_default();
        *revision += 1;
        if fact.revision != *revision {
            let (stream, expected) = (fact.stream.clone(), *revision);
            found.push(Violation::RevisionGap { stream, expected, found: fact.revision, position });
            *revision = fact.revision;
        }
        if !ids.insert(&fact.id) {
            found.push(Violation::DoubledId { id: fact.id.clone(), position });
        }
    }
    found
}

/// What one operation left behind, against what its client was told.
fn effects(operation: &Operation, facts: &[&Fact]) -> Vec<Violation> {
    let key = || operation.key.clone();
    let positions = || facts.iter().map(|fact| fact.position).collect();
    let (told, position) = match &operation.outcome {
        Outcome::Refused if facts.is_empty() => return vec![],
        Outcome::Refused => {
            return vec![Violation::RefusedYetDone { key: key(), positions: positions() }];
        }
        Outcome::Unknown if is_one_append(facts, operation.events_max) => return vec![],
        Outcome::Unknown => return vec![Violation::Doubled { key: key(), positions: positions() }],
        Outcome::Acknowledged { events, position } => (events, *position),
    };
    let mut found = Vec::new();
    for event in told {
        if !facts.iter().any(|fact| fact.id == *event) {
            found.push(Violation::Lost { key: key(), event: event.clone(), position });
        }
    }
    let extra = facts.iter().filter(|fact| !told.contains(&fact.id)).count();
    if extra > 0 {
        found.push(Violation::Doubled { key: key(), positions: positions() });
    }
    if found.is_empty() {
        let ids: Vec<&str> = facts.iter().map(|fact| fact.id.as_str()).collect();
        let last = facts.last().map_or(position, |fact| fact.position);
        if ids != *told || last != position || !is_one_append(facts, told.len()) {
            found.push(Violation::Misplaced { key: key(), told: position, positions: positions() });
        }
    }
    found
}

/// Whether these can come from one append: neighbours in one stream, and no more than it can make.
fn is_one_append(facts: &[&Fact], events_max: usize) -> bool {
    facts.len() <= events_max
        && facts.windows(2).all(|pair| {
            pair[0].stream == pair[1].stream && pair[0].position + 1 == pair[1].position
        })
}

/// What was answered before another command was sent stands before that one's events.
fn real_time(operations: &[Operation], log: &[Fact]) -> Vec<Violation> {
    let positions: HashMap<&str, u64> =
        log.iter().map(|fact| (fact.id.as_str(), fact.position)).collect();
    let mut done = Vec::new();
    for operation in operations {
        let Outcome::Acknowledged { events, .. } = &operation.outcome else { continue };
        let places: Vec<u64> =
            events.iter().filter_map(|id| positions.get(id.as_str()).copied()).collect();
        if let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) {
            done.push((operation, *first, *last));
        }
    }
    // For every moment, the furthest that had been answered by then.
    let mut furthest: BTreeMap<u64, (u64, &str)> = BTreeMap::new();
    done.sort_by_key(|(operation, ..)| operation.answered);
    let mut most = (0, "");
    for (operation, _, last) in &done {
        most = most.max((*last, operation.key.as_str()));
        furthest.insert(operation.answered, most);
    }
    let mut found = Vec::new();
    for (later, first, _) in &done {
        let before = furthest.range(..later.sent).next_back();
        if let Some((_, (last, earlier))) = before
            && last > first
        {
            let (earlier, later) = ((*earlier).to_owned(), later.key.clone());
            found.push(Violation::Reordered { earlier, at: *last, later, before: *first });
        }
    }
    found
}

/// Everything in which `later`, a log at a later time, is not `earlier` with more behind it.
pub fn check_grown(earlier: &[Fact], later: &[Fact]) -> Vec<Violation> {
    let changed = earlier.iter().zip(later).filter(|(earlier, later)| earlier != later);
    let mut found: Vec<Violation> =
        changed.map(|(fact, _)| Violation::Rewritten { position: fact.position }).collect();
    if let Some(gone) = earlier.get(later.len()) {
        found.push(Violation::CutOff { position: gone.position });
    }
    found
}

/// Fails the test with every violation there is.
#[track_caller]
pub fn assert_none(violations: &[Violation]) {
    let lines: Vec<String> = violations.iter().take(20).map(|found| format!("  {found}")).collect();
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), lines.join("\n"));
}
