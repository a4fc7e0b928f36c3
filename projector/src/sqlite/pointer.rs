//! The text of the small file that says which generation is live.

use std::fmt;

/// The longest pointer, in bytes: two numbers, each with a line's end.
const POINTER_BYTES_MAX: usize = 64;

/// What the pointer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Which generation is live.
    pub(super) live: u64,
    /// The highest number that was ever given out, as far as the pointer knows: one that an older
    /// Cinelog has written names the live one only.
    pub(super) highest: u64,
}

impl Pointer {
    /// Where nobody has written one.
    pub(super) const ABSENT: Self = Self { live: 1, highest: 1 };

    /// Reads what stands in the file. `None` where that is no pointer.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= POINTER_BYTES_MAX)?;
        let mut numbers = text.trim().lines().map(|line| {
            let number = line.trim().parse().ok();
            number.filter(|number| (1..=i64::MAX as u64).contains(number))
        });
        let live = numbers.next()??;
        let highest = numbers.next().unwrap_or(Some(live))?;
        numbers.next().is_none().then_some(Self { live, highest: highest.max(live) })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n", self.live, self.highest)
    }
}
