//! Policies: how much somebody may do in how much time, in several windows at once.

use std::time::Duration;

/// The most windows of one policy.
pub(crate) const WINDOWS_MAX: usize = 8;

/// The longest name of a window, in bytes.
const NAME_BYTES_MAX: usize = 32;

/// The longest window: 31 days.
const LENGTH_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);

/// One window: a quota for a length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    name: String,
    quota: u32,
    length: Duration,
}

/// Windows that all apply, in the order in which clients are told. Each counts for itself; a cost that does not
/// fit into one of them is taken from none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(Vec<Window>);

/// Why something is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The name has other characters, or is too long. Clients are told it in a header.
    #[error("a window's name has 1 to {NAME_BYTES_MAX} of a-z, 0-9, '-', '_' and '.'")]
    Name,
    /// The quota is 0, so that nothing would ever be admitted.
    #[error("a window's quota is at least 1")]
    Quota,
    /// The length is no whole number of seconds, or too long.
    #[error("a window is 1 second to 31 days long, in whole seconds")]
    Length,
    /// The policy has no windows, or too many.
    #[error("a policy has 1 to {WINDOWS_MAX} windows")]
    Windows,
    /// Two windows have the same name.
    #[error("two windows of a policy have the same name")]
    Twice,
}

impl Window {
    /// `quota` (`q`) in `length` (`w`), under a name that clients are told.
    ///
    /// # Errors
    /// [`PolicyError`] where one of them is out of range.
    pub fn new(name: impl Into<String>, quota: u32, length: Duration) -> Result<Self, PolicyError> {
        let name = name.into();
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_plain) {
            return Err(PolicyError::Name);
        }
        if quota == 0 {
            return Err(PolicyError::Quota);
        }
        if length.is_zero() || length > LENGTH_MAX || length.subsec_nanos() != 0 {
            return Err(PolicyError::Length);
        }
        Ok(Self { name, quota, length })
    }

    /// Its name, which clients are told.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How much fits into it: `q`, at least 1.
    #[must_use]
    pub fn quota(&self) -> u32 {
        self.quota
    }

    /// How long it is: `w`, whole seconds.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    pub(crate) fn length_ms(&self) -> u64 {
        self.length.as_secs() * 1_000
    }

    /// The name that it is counted under. When the quota is changed, counting goes on; when the length is changed, it
    /// begins anew.
    pub(crate) fn counted_as(&self) -> String {
        format!("{}/{}", self.name, self.length.as_secs())
    }
}

impl Policy {
    /// A policy of these windows.
    ///
    /// # Errors
    /// [`PolicyError`] if there are none or too many, or two have the same name.
    pub fn new(windows: impl IntoIterator<Item = Window>) -> Result<Self, PolicyError> {
        let windows: Vec<Window> = windows.into_iter().collect();
        if windows.is_empty() || windows.len() > WINDOWS_MAX {
            return Err(PolicyError::Windows);
        }
        let has_twin = |at: usize| windows[..at].iter().any(|other| other.name == windows[at].name);
        if (0..windows.len()).any(has_twin) {
            return Err(PolicyError::Twice);
        }
        Ok(Self(windows))
    }

    /// Its windows, at least one.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_hundred_per_minute_and_a_thousand_per_hour_are_two_windows_of_one_policy() {
        let minute = Window::new("minute", 100, MINUTE).unwrap();
        let hour = Window::new("hour", 1_000, 60 * MINUTE).unwrap();
        let policy = Policy::new([minute, hour]).unwrap();
        let told = policy.windows().iter().map(|w| (w.name(), w.quota(), w.length().as_secs()));
        assert_eq!(told.collect::<Vec<_>>(), [("minute", 100, 60), ("hour", 1_000, 3_600)]);
    }

    #[test]
    fn what_cannot_be_told_or_kept_is_refused() {
        for name in ["", "per minute", "Minute", "\"", &"m".repeat(33)] {
            assert_eq!(Window::new(name, 1, MINUTE), Err(PolicyError::Name), "{name}");
        }
        assert_eq!(Window::new("m", 0, MINUTE), Err(PolicyError::Quota));
        for length in [Duration::ZERO, Duration::from_millis(1_500), LENGTH_MAX * 2] {
            assert_eq!(Window::new("m", 1, length), Err(PolicyError::Length), "{length:?}");
        }
        let named = |name: usize| Window::new(format!("w{name}"), 1, MINUTE).unwrap();
        assert_eq!(Policy::new([]), Err(PolicyError::Windows));
        assert_eq!(Policy::new((0..=WINDOWS_MAX).map(named)), Err(PolicyError::Windows));
        assert_eq!(Policy::new([named(1), named(1)]), Err(PolicyError::Twice));
    }
}
