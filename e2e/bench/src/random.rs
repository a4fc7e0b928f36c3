//! Numbers that look random and are the same in every run.

use uuid::Uuid;

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, and good enough to make up films.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence that belongs to `seed`.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, each as likely.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// From 0 to 1, without 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that does with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// A number below `limit` by Zipf's law: 0 twice as often as 1, ten times as often as 9.
    pub(crate) fn zipf(&mut self, limit: u64) -> u64 {
        let rank = ((limit + 1) as f64).powf(self.fraction());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 1 to the limit"
        )]
        let rank = rank as u64;
        rank.clamp(1, limit.max(1)) - 1
    }

    /// One of these, the first ones most often.
    pub(crate) fn mostly_first<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.zipf(of.len() as u64)).unwrap_or_default()]
    }

    /// One of these.
    pub(crate) fn any_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap_or_default()]
    }

    /// A UUIDv7 of this time.
    pub(crate) fn id(&mut self, milliseconds: u64) -> Uuid {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.next().to_le_bytes());
        random[8..].copy_from_slice(&self.next().to_le_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_numbers() {
        let take = |seed| {
            std::iter::repeat_with(|| 0).take(3).scan(Random::of(seed), |r, _| Some(r.next()))
        };
        assert!(take(1).eq(take(1)));
        assert!(take(1).ne(take(2)));
    }

    #[test]
    fn by_zipfs_law_the_first_is_drawn_most_and_the_last_is_drawn() {
        let mut random = Random::of(1);
        let mut drawn = [0_u32; 10];
        for _ in 0..10_000 {
            drawn[random.zipf(10) as usize] += 1;
        }
        assert!(drawn[0] > 2_500 && drawn[0] > drawn[1] && drawn[9] > 100, "{drawn:?}");
    }
}
