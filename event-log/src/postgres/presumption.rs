//! What is presumed of the log as far as a batch is concerned, before the log has been asked.

use std::collections::{HashMap, HashSet};

use events::{Revision, StreamName};

use crate::{Append, Expected, group_commit::Ledger};

/// How many streams are known at once, at most. When they are more, all are forgotten: to presume wrongly
/// costs a trip and nothing else.
const STREAMS_MAX: usize = 32_768;

/// A ledger that may be wrong.
#[derive(Debug, Clone)]
pub(super) struct Presumption {
    pub(super) ledger: Ledger,
    /// The streams that nobody here has seen where they are presumed. The others have been there, and can
    /// only have gone on.
    pub(super) unseen: HashSet<StreamName>,
}

impl Presumption {
    /// What was so when the log was asked.
    pub(super) fn seen(ledger: Ledger) -> Self {
        Self { ledger, unseen: HashSet::new() }
    }
}

/// Where streams were when they were last seen, over the connection that there is. With another connection
/// it begins anew: there may be another server behind it, which has not come as far.
#[derive(Debug, Default)]
pub(super) struct Heads {
    known: HashMap<StreamName, Revision>,
}

impl Heads {
    /// The ledger as it should be if nobody but those appends' callers has changed anything: each stream is
    /// where it was last heard of, or where the first who names it expects it, whichever is later; no id
    /// of theirs is known, and no key taken.
    pub(super) fn presume(&self, appends: &[&Append]) -> Presumption {
        let (mut ledger, mut unseen) = (Ledger::default(), HashSet::new());
        let mut presume = |stream: &StreamName, expected: Revision| {
            if !ledger.revisions.contains_key(stream) {
                let known = self.known.get(stream).copied().unwrap_or(Revision::NONE);
                ledger.revisions.insert(stream.clone(), known.max(expected));
                if expected > known {
                    unseen.insert(stream.clone());
                }
            }
        };
        for append in appends {
            if let Some((stream, revision)) = &append.given {
                presume(stream, *revision);
            }
            presume(
                &append.stream,
                match append.expected {
                    Expected::Exact(revision) => revision,
                    Expected::NoStream | Expected::Any => Revision::NONE,
                },
            );
        }
        Presumption { ledger, unseen }
    }

    /// Remembers where streams are.
    pub(super) fn learn(&mut self, revisions: HashMap<StreamName, Revision>) {
        if self.known.len() + revisions.len() > STREAMS_MAX {
            self.known.clear();
        }
        self.known.extend(revisions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str) -> StreamName {
        StreamName::new(name).unwrap()
    }

    fn presumed(heads: &Heads, expected: Expected) -> Revision {
        let append = Append::new(stream("movie-1"), expected, vec![]);
        heads.presume(&[&append]).ledger.revisions[&stream("movie-1")]
    }

    #[test]
    fn a_stream_nobody_heard_of_is_presumed_where_it_is_expected() {
        let heads = Heads::default();
        assert_eq!(presumed(&heads, Expected::NoStream), Revision::NONE);
        assert_eq!(presumed(&heads, Expected::Any), Revision::NONE);
        assert_eq!(presumed(&heads, Expected::Exact(Revision(7))), Revision(7));
    }

    #[test]
    fn a_stream_is_presumed_where_it_was_heard_of_unless_it_is_expected_later() {
        let mut heads = Heads::default();
        heads.learn([(stream("movie-1"), Revision(5))].into());
        assert_eq!(presumed(&heads, Expected::Any), Revision(5));
        assert_eq!(presumed(&heads, Expected::Exact(Revision(3))), Revision(5));
        assert_eq!(presumed(&heads, Expected::Exact(Revision(7))), Revision(7));
    }

    #[test]
    fn only_what_is_expected_beyond_what_was_seen_is_unseen() {
        let mut heads = Heads::default();
        heads.learn([(stream("movie-1"), Revision(5))].into());
        let unseen = |expected| {
            let append = Append::new(stream("movie-1"), expected, vec![]);
            heads.presume(&[&append]).unseen.contains(&stream("movie-1"))
        };
        assert!(!unseen(Expected::Any) && !unseen(Expected::Exact(Revision(5))));
        assert!(unseen(Expected::Exact(Revision(6))));
    }

    #[test]
    fn what_an_append_depends_upon_is_presumed_too() {
        let given = Some((stream("movie-2"), Revision(3)));
        let append = Append { given, ..Append::new(stream("movie-1"), Expected::Any, vec![]) };
        assert_eq!(
            Heads::default().presume(&[&append]).ledger.revisions[&stream("movie-2")],
            Revision(3)
        );
    }

    #[test]
    fn no_more_streams_are_remembered_than_the_bound() {
        let mut heads = Heads::default();
        for n in 0..=STREAMS_MAX {
            heads.learn([(stream(&format!("movie-{n}")), Revision(1))].into());
        }
        assert_eq!(heads.known.len(), 1);
    }
}
