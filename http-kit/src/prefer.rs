//! Preferences (RFC 7240): what a client would like, and may not get.

use std::{convert::Infallible, time::Duration};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};

use crate::field_list::{elements, split_unquoted};

pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The preferences that are understood here; all others are ignored, as the standard has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `wait=N`: how long the client is willing to wait, at most [`Preferences::WAIT_MAX`].
    pub wait: Option<Duration>,
    /// `count=exact|estimated`: that a list says how long it is.
    pub count: Option<Count>,
    /// `respond-async`: that the answer does not wait for the work to be done (section 4.1).
    pub respond_async: bool,
}

/// How well a list shall be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// To the last item.
    Exact,
    /// Roughly, and fast.
    Estimated,
}

impl Preferences {
    /// The longest wait; longer ones are lowered to it.
    pub const WAIT_MAX: Duration = Duration::from_secs(30);

    /// The preferences of a request. It never fails: what is malformed is not understood. Of a
    /// preference that is given twice, the first counts (section 2).
    #[must_use]
    pub fn parse(headers: &HeaderMap) -> Self {
        // Only what is understood is remembered: a list of names that mean nothing costs nothing.
        let (mut wait_seen, mut count_seen) = (false, false);
        let mut this = Self::default();
        for element in elements(headers, &PREFER) {
            // What follows a semicolon refines the preference; no refinement is understood here.
            let preference = split_unquoted(element, ';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("wait") && !wait_seen {
                (wait_seen, this.wait) = (true, wait(value));
            } else if name.eq_ignore_ascii_case("count") && !count_seen {
                (count_seen, this.count) = (true, count(value));
            } else if name.eq_ignore_ascii_case("respond-async") {
                this.respond_async = true;
            }
        }
        this
    }

    /// `Preference-Applied` (section 3), for the preferences in `self`: make one that holds just those
    /// that were followed. `None` where none was.
    #[must_use]
    pub fn applied(&self) -> Option<(HeaderName, HeaderValue)> {
        let count = self.count.map(|count| match count {
            Count::Exact => "count=exact".to_owned(),
            Count::Estimated => "count=estimated".to_owned(),
        });
        let wait = self.wait.map(|wait| format!("wait={}", wait.as_secs()));
        let respond_async = self.respond_async.then(|| "respond-async".to_owned());
        let applied: Vec<_> = [wait, count, respond_async].into_iter().flatten().collect();
        if applied.is_empty() {
            return None;
        }
        Some((PREFERENCE_APPLIED, HeaderValue::try_from(applied.join(", ")).ok()?))
    }
}

fn wait(seconds: &str) -> Option<Duration> {
    if seconds.is_empty() || !seconds.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Digits that are too many for a number are a very long time.
    let wait = Duration::from_secs(seconds.parse().unwrap_or(u64::MAX));
    Some(wait.min(Preferences::WAIT_MAX))
}

fn count(how: &str) -> Option<Count> {
    match how {
        "exact" => Some(Count::Exact),
        "estimated" => Some(Count::Estimated),
        _ => None,
    }
}

impl<S: Sync> FromRequestParts<S> for Preferences {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &[&'static str]) -> Preferences {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(PREFER, HeaderValue::from_static(line));
        }
        Preferences::parse(&headers)
    }

    #[test]
    fn preferences_may_stand_on_one_line_or_several() {
        let (wait, count) = (Some(Duration::from_secs(5)), Some(Count::Exact));
        let all = Preferences { wait, count, respond_async: false };
        assert_eq!(parse(&["wait=5, count=exact"]), all);
        assert_eq!(parse(&["Wait=5;foo=bar", "count=\"exact\""]), all);
    }

    #[test]
    fn waits_are_lowered_to_the_longest() {
        for long in ["wait=31", "wait=99999999999999999999999999"] {
            assert_eq!(parse(&[long]).wait, Some(Preferences::WAIT_MAX));
        }
    }

    #[test]
    fn what_is_unknown_or_malformed_is_ignored() {
        let ignored = "foo, return=minimal, wait=, wait=5, count=all, count, respond_async";
        assert_eq!(parse(&[ignored, "=", "wait=-1"]), Preferences::default());
    }

    #[test]
    fn the_first_of_two_counts() {
        assert_eq!(parse(&["wait=1, wait=2"]).wait, Some(Duration::from_secs(1)));
    }

    #[test]
    fn preferences_far_down_an_endless_list_are_not_looked_for() {
        let endless: String = (0..100_000).map(|n| format!("p{n}, ")).collect();
        let mut headers = HeaderMap::new();
        headers.append(PREFER, HeaderValue::from_static("count=exact"));
        headers.append(PREFER, HeaderValue::try_from(endless + "wait=1").unwrap());
        let expected = Preferences { count: Some(Count::Exact), ..Preferences::default() };
        assert_eq!(Preferences::parse(&headers), expected);
    }

    #[test]
    fn only_what_was_applied_is_said_to_be() {
        let count = Preferences { count: Some(Count::Estimated), ..Preferences::default() };
        let (name, value) = count.applied().unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("preference-applied", "count=estimated")
        );
        assert_eq!(Preferences::default().applied(), None);
    }

    #[test]
    fn an_answer_before_the_work_can_be_asked_for() {
        let later = Preferences { respond_async: true, ..Preferences::default() };
        assert_eq!(parse(&["Respond-Async; foo=bar"]), later);
        assert_eq!(later.applied().unwrap().1, "respond-async");
    }
}
