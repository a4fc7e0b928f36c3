//! Random numbers that a seed tells: a run that failed can be run again.

use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to choose what to do next.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Those of the seed in the environment variable `name`, as [`seed`] has it.
    pub fn seeded_by(name: &str) -> Self {
        Self::new(seed(name))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, times: u64) -> bool {
        self.below(100) < times
    }

    /// A time shorter than `bound`.
    pub fn shorter_than(&mut self, bound: Duration) -> Duration {
        let micros = u64::try_from(bound.as_micros()).expect("a short time");
        Duration::from_micros(self.below(micros.max(1)))
    }

    /// One of `choices`, which are not empty.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(choices.len() as u64);
        &choices[usize::try_from(index).expect("an index")]
    }

    /// Another source of numbers, for somebody else.
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }
}

/// The seed in the environment variable `name`, else one that this process has never had. Printed, so that
/// the run can be repeated.
pub fn seed(name: &str) -> u64 {
    let seed = match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => {
            // Hash maps take a random key from the system.
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one(std::process::id()) >> 32
        }
    };
    println!("{name}={seed}");
    seed
}
