//! What goes wrong, and when: a pure function of a seed. Knows names, not processes.

use std::time::Duration;

use e2e::Random;

/// The shortest and the longest time without harm of a track, between two faults.
const REST: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(1_200));

/// How long what is killed stays dead.
const DEAD: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(1_500));

/// How long what is paused stands still: some of these are longer than a projector's lease, a relay's
/// session, and a client's patience.
const PAUSED: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(7_000));

/// How long what is cut off cannot be reached.
const CUT_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(4_000));

/// What is done to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    /// `kill -9`, and started again later.
    Killed,
    /// Halted (SIGSTOP), and let go on later.
    Paused,
    /// Its connections are cut again and again.
    Cut,
    /// Its connections stay, and nothing goes through them.
    Silenced,
}

impl Harm {
    pub(super) const ALL: [Self; 4] = [Self::Killed, Self::Paused, Self::Cut, Self::Silenced];

    fn lasts(self) -> (Duration, Duration) {
        match self {
            Self::Killed => DEAD,
            Self::Paused => PAUSED,
            Self::Cut | Self::Silenced => CUT_OFF,
        }
    }
}

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// When it begins, counted from the beginning of the storm. Where the one before it on its track takes
    /// longer, it begins later.
    pub(super) at: Duration,
    /// Who suffers.
    pub(super) whom: &'static str,
    /// What.
    pub(super) harm: Harm,
    /// For how long.
    pub(super) lasts: Duration,
}

/// Faults one after the other for `whom`, for `length`. Each of them suffers each harm once before one
/// suffers the same again.
pub(super) fn track(random: &mut Random, whom: &[&'static str], length: Duration) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut deck: Vec<(&str, Harm)> = Vec::new();
    let mut at = within(random, REST);
    while at < length && !whom.is_empty() {
        if deck.is_empty() {
            let all = |harm| whom.iter().map(move |whom| (*whom, harm));
            deck = Harm::ALL.into_iter().flat_map(all).collect();
        }
        let card = usize::try_from(random.below(deck.len() as u64)).expect("an index");
        let (whom, harm) = deck.swap_remove(card);
        // Short ones are the more frequent.
        let (one, other) = (within(random, harm.lasts()), within(random, harm.lasts()));
        let lasts = one.min(other).min(length - at);
        faults.push(Fault { at, whom, harm, lasts });
        at += lasts + within(random, REST);
    }
    faults
}

fn within(random: &mut Random, (least, most): (Duration, Duration)) -> Duration {
    least + random.shorter_than(most - least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOM: [&str; 3] = ["command-1", "query-1", "relay"];

    fn of(seed: u64) -> Vec<Fault> {
        track(&mut Random::new(seed), &WHOM, Duration::from_secs(120))
    }

    #[test]
    fn a_seed_tells_the_whole_schedule_and_another_seed_another() {
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    #[test]
    fn nobody_suffers_twice_at_once_and_all_is_over_in_time() {
        for seed in 0..50 {
            let faults = of(seed);
            for pair in faults.windows(2) {
                assert!(pair[0].at + pair[0].lasts + REST.0 <= pair[1].at, "seed {seed}: {pair:?}");
            }
            assert!(faults.iter().all(|fault| fault.at + fault.lasts <= Duration::from_secs(120)));
        }
    }

    #[test]
    fn everybody_suffers_everything_before_anything_comes_again() {
        let faults = of(3);
        let mut first: Vec<_> = faults[..WHOM.len() * Harm::ALL.len()]
            .iter()
            .map(|fault| (fault.whom, fault.harm))
            .collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), WHOM.len() * Harm::ALL.len());
    }
}
