//! The text of the pointer, the small file that says which generation is live.

use std::fmt;

/// The longest pointer, in bytes: two numbers, each with a line's end.
const POINTER_BYTES_MAX: usize = 64;

/// The pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Which generation is live.
    pub(super) live: u64,
    /// The highest number that was ever given out. An older Cinelog did not write it: then it is that of the
    /// live one.
    pub(super) highest: u64,
}

impl Pointer {
    /// What holds if there is no pointer.
    pub(super) const ABSENT: Self = Self { live: 1, highest: 1 };

    /// Reads the text of the file. `None`: it is no pointer.
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
