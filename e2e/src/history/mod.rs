//! The history checker: what clients did and were told, against what the log, Kafka and the nodes hold
//! afterwards. Recorded operations in, violations out. Knows no store and no transport, so that it serves
//! every arrangement of Cinelog.
//!
//! What must hold:
//!
//! - of commands ([`writes`]): an acknowledged one is in the log once, with the events and at the position
//!   that its answer told; a refused one is not; one whose outcome nobody knows is there once and whole, or
//!   not at all; one that was meant for a revision follows that revision; positions and revisions have no
//!   gaps; what was answered before something else was asked stands before it;
//! - of reads ([`reads`]): none shows less than the position that it was asked for, than the position that
//!   it names, or than its client was shown before; none shows what the log does not hold;
//! - of Kafka ([`published`]): every event is there once, as the log has it, in order in each stream;
//! - of nodes at rest ([`settled`]): each shows every film as the log tells it, and all show the same.

mod excerpt;
mod films;
mod published;
mod reads;
mod settled;
mod violation;
mod writes;

#[cfg(test)]
mod tests;

pub use excerpt::excerpt;
pub use violation::{ReadIs, Violation};

use std::ops::RangeInclusive;

/// One command, as the client saw it, its repetitions included.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its `Idempotency-Key`, which no other operation has.
    pub key: String,
    /// How many events it leads to when it is carried out once.
    pub events: RangeInclusive<usize>,
    /// The revision of its stream that it was meant for, and for no other.
    pub meant_for: Option<u64>,
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
        /// The ids of its events, in order; none of a command that had nothing to change. `None` where
        /// the answer names no events.
        events: Option<Vec<String>>,
        /// The position of the last one; of a command that had nothing to change, that of what it found.
        position: u64,
    },
    /// It was refused, for good.
    Refused,
    /// No answer, or one that leaves it open.
    Unknown,
    /// An answer that no server may give; it leaves open what was done.
    Wrong(String),
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

/// One read that was answered.
#[derive(Debug, Clone)]
pub struct Read {
    /// Whose it is. A client asks one thing after the other.
    pub reader: usize,
    /// Whether the client asked to be shown nothing older than it had been shown.
    pub in_session: bool,
    /// The position that it asked for.
    pub asked: Option<u64>,
    /// When it was sent, on the clock of the operations.
    pub sent: u64,
    /// What was read: a path.
    pub target: String,
    /// What was answered.
    pub found: Found,
}

/// What a read was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A film.
    Film {
        /// The position that the answer says it reflects.
        position: u64,
        /// The film's stream.
        stream: String,
        /// The revision of its catalogue entry.
        revision: u64,
        /// How often it had been rated, a rating been changed or withdrawn.
        ratings: u64,
    },
    /// That there is no such film.
    Nothing {
        /// The film's stream.
        stream: String,
    },
    /// Something else, that reflects this position.
    Other {
        /// The position that the answer says it reflects.
        position: u64,
    },
    /// An answer that no server may give.
    Wrong(String),
}

/// A record, as Kafka shows it to who reads what was committed. Of each partition in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The partition.
    pub partition: u32,
    /// Its place there.
    pub offset: u64,
    /// The record's key: the event's stream.
    pub stream: String,
    /// The event's place in the log.
    pub position: u64,
    /// The event's place in its stream.
    pub revision: u64,
    /// The event's id.
    pub id: String,
    /// What happened.
    pub event_type: String,
    /// The event's data.
    pub data: String,
}

/// What a node shows when all is quiet.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which one.
    pub node: String,
    /// Every film that it lists.
    pub films: Vec<ShownFilm>,
    /// Other answers, each with what was asked. All nodes were asked the same.
    pub answers: Vec<(String, String)>,
}

/// A film in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownFilm {
    /// Its stream.
    pub stream: String,
    /// The revision of its catalogue entry.
    pub revision: u64,
    /// How many have rated it.
    pub ratings: u64,
}

/// All that is known of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The commands.
    pub operations: Vec<Operation>,
    /// The reads that were answered.
    pub reads: Vec<Read>,
    /// The whole log, in its order.
    pub log: Vec<Fact>,
    /// What is in Kafka. `None` where nothing is relayed.
    pub published: Option<Vec<Published>>,
    /// What the nodes show at rest. None where that was not asked.
    pub shown: Vec<Shown>,
}

impl History {
    /// Everything in which the parts contradict each other. Events without a key, or with one for which
    /// `is_of_others` holds, are somebody else's.
    pub fn check(&self, is_of_others: impl Fn(&str) -> bool) -> Vec<Violation> {
        let found = check(&self.operations, &self.log, is_of_others);
        self.check_beside(found)
    }

    /// The same where nobody else wrote: every event comes from one of the operations. So what was done
    /// again is found also where its events lost the key.
    pub fn check_alone(&self) -> Vec<Violation> {
        let found = writes::check(&self.operations, &self.log, |_| false);
        self.check_beside(found)
    }

    /// With what was found of the commands, all that the other parts contradict.
    fn check_beside(&self, mut found: Vec<Violation>) -> Vec<Violation> {
        let films = films::Films::of(&self.log);
        found.extend(reads::check(&self.reads, &films));
        if let Some(published) = &self.published {
            found.extend(published::check(published, &self.log));
        }
        found.extend(settled::check(&self.shown, &films));
        found
    }
}

/// Everything in which the log contradicts what clients were told of their commands, or itself. `log` is
/// the whole log, in its order. Events without a key, or with one for which `is_of_others` holds, are
/// somebody else's.
pub fn check(
    operations: &[Operation],
    log: &[Fact],
    is_of_others: impl Fn(&str) -> bool,
) -> Vec<Violation> {
    writes::check(operations, log, |key| key.is_none_or(&is_of_others))
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
