//! Where answers are kept: by address, within a number of bytes. What is asked for often stays.

use std::sync::Arc;

use metrics::Counter;
use moka::{notification::RemovalCause, ops::compute::Op, sync::Cache};

use super::{answer::Answer, question::Choice};

/// What remembering an address takes besides its answers, in bytes, about.
const BYTES_PER_ADDRESS: u64 = 256;

/// An answer that would take more than this part of all room is not kept.
const PARTS_MIN: u64 = 8;

/// All answers.
pub(super) struct Kept {
    by_target: Cache<String, Arc<Variants>>,
    answer_bytes_max: u64,
}

/// The answers of one address, of which there are as many as representations were asked for.
#[derive(Clone, Default)]
pub(super) struct Variants(Vec<(Choice, Arc<Answer>)>);

impl Kept {
    /// Keeps at most so many bytes; counts what has to make room.
    pub(super) fn new(bytes_max: u64, evictions: Counter) -> Self {
        let by_target = Cache::builder()
            .max_capacity(bytes_max)
            .weigher(|target: &String, variants: &Arc<Variants>| {
                let bytes = BYTES_PER_ADDRESS + target.len() as u64 + variants.bytes();
                u32::try_from(bytes).unwrap_or(u32::MAX)
            })
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evictions.increment(1);
                }
            })
            .build();
        Self { by_target, answer_bytes_max: bytes_max / PARTS_MIN }
    }

    /// The answers of an address.
    pub(super) fn get(&self, target: &str) -> Option<Arc<Variants>> {
        self.by_target.get(target)
    }

    /// Keeps an answer, in the place of what is there for the same choice.
    pub(super) fn put(&self, target: &str, choice: Choice, answer: &Arc<Answer>) {
        if answer.bytes() > self.answer_bytes_max {
            return;
        }
        self.by_target.entry_by_ref(target).and_compute_with(|entry| {
            let old = entry.map(|entry| entry.into_value());
            let mut variants = old.map(Arc::unwrap_or_clone).unwrap_or_default();
            variants.0.retain(|(other, _)| *other != choice);
            variants.0.push((choice, Arc::clone(answer)));
            Op::Put(Arc::new(variants))
        });
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.by_target.invalidate_all();
    }

    /// What all answers take.
    pub(super) fn bytes(&self) -> u64 {
        self.by_target.weighted_size()
    }

    /// Does what is put off until there is time.
    pub(super) fn settle(&self) {
        self.by_target.run_pending_tasks();
    }
}

impl Variants {
    /// The answer for this choice.
    pub(super) fn get(&self, choice: Choice) -> Option<&Arc<Answer>> {
        self.0.iter().find(|(other, _)| *other == choice).map(|(_, answer)| answer)
    }

    fn bytes(&self) -> u64 {
        self.0.iter().map(|(_, answer)| answer.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Count, cache::answer::tests::answer};

    fn kept(bytes_max: u64) -> Kept {
        Kept::new(bytes_max, Counter::noop())
    }

    #[test]
    fn an_address_has_an_answer_for_each_choice() {
        let kept = kept(1 << 20);
        let counted = Choice { count: Some(Count::Exact), ..Choice::default() };
        kept.put("/a", Choice::default(), &Arc::new(answer("plain")));
        kept.put("/a", counted, &Arc::new(answer("counted")));
        kept.put("/a", counted, &Arc::new(answer("counted anew")));
        let variants = kept.get("/a").unwrap();
        assert_eq!(variants.get(Choice::default()).unwrap().body(), "plain");
        assert_eq!(variants.get(counted).unwrap().body(), "counted anew");
        assert!(variants.get(Choice { v1: true, ..Choice::default() }).is_none());
    }

    #[test]
    fn bytes_are_bounded_and_what_had_to_go_is_gone() {
        let kept = kept(64 * 1024);
        let body = "x".repeat(4096);
        for number in 0..100 {
            kept.put(&format!("/{number}"), Choice::default(), &Arc::new(answer(&body)));
            kept.settle();
            assert!(kept.bytes() <= 64 * 1024);
        }
        assert!(kept.bytes() > 32 * 1024);
        assert!((0..100).filter(|number| kept.get(&format!("/{number}")).is_some()).count() < 16);
    }

    #[test]
    fn an_answer_that_would_take_much_of_the_room_is_not_kept() {
        let kept = kept(64 * 1024);
        kept.put("/a", Choice::default(), &Arc::new(answer(&"x".repeat(10_000))));
        assert!(kept.get("/a").is_none());
    }
}
