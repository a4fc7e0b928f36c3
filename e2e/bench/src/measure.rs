//! Medians, quantiles, and two sides that take turns.

use std::time::Duration;

/// Times that something took.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Adds one.
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Adds all of another.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that the share `q` of all does not exceed, `q` from 0 to 1, in milliseconds.
    pub(crate) fn quantile_ms(&self, q: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index into the times that there are"
        )]
        let at = (q * sorted.len() as f64).ceil() as usize;
        let time = sorted.get(at.saturating_sub(1)).copied().unwrap_or_default();
        time.as_secs_f64() * 1e3
    }
}

/// Processor time for each of many.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Cost {
    time: Duration,
    count: usize,
}

impl Cost {
    /// Adds what `count` more have cost.
    pub(crate) fn add(&mut self, time: Duration, count: usize) {
        self.time += time;
        self.count += count;
    }

    /// Microseconds for each.
    pub(crate) fn each_us(self) -> f64 {
        self.time.as_secs_f64() * 1e6 / self.count as f64
    }
}

/// The middle value; of an even number the mean of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

/// Two sides, measured in turns: A B A B …
#[derive(Debug, Default)]
pub(crate) struct Duel {
    /// What was measured on the one side.
    pub(crate) ours: Vec<f64>,
    /// What was measured on the other.
    pub(crate) theirs: Vec<f64>,
}

impl Duel {
    /// The median of the ratios of each turn, ours to theirs: what meets both sides of one turn, such
    /// as a busy neighbour, falls out.
    pub(crate) fn ratio(&self) -> f64 {
        let ratios = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs);
        median(&ratios.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_taken_from_what_was_measured() {
        let mut times = Times::default();
        for ms in [4, 1, 3, 2] {
            times.push(Duration::from_millis(ms));
        }
        assert_eq!([0.0, 0.5, 0.75, 0.99, 1.0].map(|q| times.quantile_ms(q)), [1., 2., 3., 4., 4.]);
        assert_eq!(Times::default().quantile_ms(0.5), 0.0);
    }

    #[test]
    fn the_ratio_of_two_sides_is_that_of_a_middling_turn() {
        let duel = Duel { ours: vec![1.0, 50.0, 30.0], theirs: vec![10.0, 100.0, 100.0] };
        assert!((duel.ratio() - 0.3).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
