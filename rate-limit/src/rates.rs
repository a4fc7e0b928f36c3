//! Policies as people write them: `100 per minute; 1000 per hour`, `5/second`, `10 per 5 minutes`, `unlimited`. Knows
//! nothing of what they are for.

use std::{fmt, str::FromStr, time::Duration};

use crate::{Policy, PolicyError, Window};

/// The units of time, the longest first: their seconds and their names. The first name is the one that we write.
const UNITS: [(u64, &[&str]); 5] = [
    (604_800, &["week", "weeks", "w"]),
    (86_400, &["day", "days", "d"]),
    (3_600, &["hour", "hours", "h"]),
    (60, &["minute", "minutes", "min", "m"]),
    (1, &["second", "seconds", "sec", "s"]),
];

/// The end of every error: what was expected.
const EXPECTED: &str = "expected such as \"100 per minute; 1000 per hour\", \"5/second\", \
                        \"10 per 5 minutes\" or \"unlimited\"";

/// Several rates at once, or no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates(Vec<Rate>);

/// A quota for a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    quota: u32,
    seconds: u64,
}

/// Why a text is no rate. It repeats the part that is wrong, and shows what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatesError {
    /// A part has another form.
    #[error("{0:?} is no rate, {EXPECTED}")]
    Form(String),
    /// The quota is no whole number from 1 to 4294967295.
    #[error("{0:?} is no number of requests from 1 to {max}, {EXPECTED}", max = u32::MAX)]
    Quota(String),
    /// The unit of time is not known.
    #[error("{0:?} is no unit of time (second, minute, hour, day, week), {EXPECTED}")]
    Unit(String),
    /// Each rate can be read, but together they make no policy.
    #[error("{0}, {EXPECTED}")]
    Policy(#[from] PolicyError),
}

impl Rates {
    /// No limit.
    pub const UNLIMITED: Self = Self(Vec::new());

    /// Whether there is no limit.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.0.is_empty()
    }

    /// The policy of these rates. Its windows are named after `name` and their length: `read-minute`,
    /// `read-5-minutes`. `None`: there is no limit.
    ///
    /// # Errors
    /// [`PolicyError`] if a window cannot have such a name.
    pub fn policy(&self, name: &str) -> Result<Option<Policy>, PolicyError> {
        if self.is_unlimited() {
            return Ok(None);
        }
        let windows = self.0.iter().map(|rate| {
            let length = Duration::from_secs(rate.seconds);
            Window::new(format!("{name}-{}", length_name(rate.seconds)), rate.quota, length)
        });
        Policy::new(windows.collect::<Result<Vec<_>, _>>()?).map(Some)
    }
}

/// A length, for the name of a window.
fn length_name(seconds: u64) -> String {
    match whole(seconds) {
        (1, unit) => unit.to_owned(),
        (count, unit) => format!("{count}-{unit}s"),
    }
}

/// A length in the longest unit that it is a multiple of.
fn whole(seconds: u64) -> (u64, &'static str) {
    let unit = UNITS.iter().find(|(length, _)| seconds.is_multiple_of(*length));
    unit.map_or((seconds, "second"), |(length, names)| (seconds / length, names[0]))
}

impl FromStr for Rates {
    type Err = RatesError;

    fn from_str(text: &str) -> Result<Self, RatesError> {
        if text.trim().eq_ignore_ascii_case("unlimited") {
            return Ok(Self::UNLIMITED);
        }
        let rates = text.split([';', ',']).map(|part| rate(part.trim()));
        let rates = Self(rates.collect::<Result<_, _>>()?);
        // Checks the ranges now, so that the error comes where the text is read.
        rates.policy("x")?;
        Ok(rates)
    }
}

/// One part: `N per UNIT`, `N/UNIT`, `N per M UNITs`.
fn rate(part: &str) -> Result<Rate, RatesError> {
    let form = || RatesError::Form(part.to_owned());
    let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    let (quota, rest) = part.split_at(digits);
    let rest = rest.trim_start();
    let length = match rest.strip_prefix('/') {
        Some(length) => length,
        None => {
            let (per, length) = rest.split_once(char::is_whitespace).ok_or_else(form)?;
            if !per.eq_ignore_ascii_case("per") {
                return Err(form());
            }
            length
        }
    };
    if quota.is_empty() {
        return Err(form());
    }
    let number = quota.parse::<u32>().ok().filter(|number| *number > 0);
    let quota = number.ok_or_else(|| RatesError::Quota(quota.to_owned()))?;
    Ok(Rate { quota, seconds: seconds(length.trim()).ok_or_else(form)?? })
}

/// A length of time: a unit, or so many of them. `None` where it has another form.
fn seconds(length: &str) -> Option<Result<u64, RatesError>> {
    let digits = length.find(|c: char| !c.is_ascii_digit()).unwrap_or(length.len());
    let (count, unit) = length.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    if unit.is_empty() {
        return None;
    }
    let Some((of_unit, _)) = UNITS.iter().find(|(_, names)| names.contains(&&*unit)) else {
        return Some(Err(RatesError::Unit(unit)));
    };
    let count = if count.is_empty() { Some(1) } else { count.parse::<u64>().ok() };
    let length = count.and_then(|count| count.checked_mul(*of_unit));
    Some(length.ok_or(RatesError::Policy(PolicyError::Length)))
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unlimited() {
            return f.write_str("unlimited");
        }
        for (at, Rate { quota, seconds }) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            match whole(*seconds) {
                (1, unit) => write!(f, "{separator}{quota} per {unit}")?,
                (count, unit) => write!(f, "{separator}{quota} per {count} {unit}s")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(u32, u64)> {
        let rates: Rates = text.parse().unwrap();
        rates.0.iter().map(|rate| (rate.quota, rate.seconds)).collect()
    }

    fn refused(text: &str) -> String {
        text.parse::<Rates>().unwrap_err().to_string()
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        assert_eq!(read("100 per minute; 1000 per hour"), [(100, 60), (1_000, 3_600)]);
        assert_eq!(read("5/second"), [(5, 1)]);
        assert_eq!(read("10 per 5 minutes"), [(10, 300)]);
        assert_eq!(read(" 1/1day , 7 PER 2 Hours;3 / 30s "), [(1, 86_400), (7, 7_200), (3, 30)]);
        assert_eq!(read("2 per week"), [(2, 604_800)]);
        assert_eq!(read(" Unlimited "), []);
    }

    #[test]
    fn what_is_no_rate_is_repeated_and_said_what_was_expected() {
        for (text, said) in [
            ("", "\"\" is no rate"),
            ("100", "\"100\" is no rate"),
            ("per minute", "\"per minute\" is no rate"),
            ("100 minute", "\"100 minute\" is no rate"),
            ("100 per", "\"100 per\" is no rate"),
            ("100/", "\"100/\" is no rate"),
            ("100 a minute", "\"100 a minute\" is no rate"),
            ("1,000 per hour", "\"1\" is no rate"),
            ("100 per minute;", "\"\" is no rate"),
            ("-1 per minute", "\"-1 per minute\" is no rate"),
            ("1.5/s", "\"1.5/s\" is no rate"),
            ("0 per minute", "\"0\" is no number of requests"),
            ("4294967296/s", "\"4294967296\" is no number of requests"),
            ("5 per fortnight", "\"fortnight\" is no unit of time"),
            ("5 per minute or so", "\"minute or so\" is no unit of time"),
            ("5 per month", "\"month\" is no unit of time"),
            ("5 per 0 minutes", "1 second to 31 days"),
            ("5 per 5 weeks", "1 second to 31 days"),
            ("5 per 99999999999999999999 days", "1 second to 31 days"),
            ("5 per 18446744073709551615 days", "1 second to 31 days"),
            ("5/min; 6 per 60 seconds", "the same name"),
            ("1/s;1/2s;1/3s;1/4s;1/5s;1/6s;1/7s;1/8s;1/9s", "1 to 8 windows"),
            ("100 per minute; unlimited", "\"unlimited\" is no rate"),
        ] {
            let error = refused(text);
            assert!(error.contains(said) && error.contains("10 per 5 minutes"), "{text}: {error}");
        }
    }

    #[test]
    fn windows_are_named_after_what_they_are_for_and_their_length() {
        let rates: Rates = "5/s; 10 per 5 minutes; 90 per 90 seconds; 7/w".parse().unwrap();
        let policy = rates.policy("read").unwrap().unwrap();
        let names: Vec<_> = policy.windows().iter().map(Window::name).collect();
        assert_eq!(names, ["read-second", "read-5-minutes", "read-90-seconds", "read-week"]);
        assert_eq!("unlimited".parse::<Rates>().unwrap().policy("read"), Ok(None));
    }

    fn length() -> impl Strategy<Value = u64> {
        prop_oneof![1..=2_678_400_u64, (1..=4_u64).prop_map(|weeks| weeks * 604_800)]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(rates in prop::collection::vec((1..=u32::MAX, length()), 0..=8)) {
            let mut lengths: Vec<_> = rates.iter().map(|(_, length)| *length).collect();
            lengths.sort_unstable();
            lengths.dedup();
            prop_assume!(lengths.len() == rates.len());
            let rates = rates.into_iter().map(|(quota, seconds)| Rate { quota, seconds });
            let rates = Rates(rates.collect());
            prop_assert_eq!(rates.to_string().parse::<Rates>(), Ok(rates.clone()));
            let policy = rates.policy("registration").unwrap();
            let windows = policy.iter().flat_map(|policy| policy.windows().iter());
            let told: Vec<_> = windows.map(|w| (w.quota(), w.length().as_secs())).collect();
            let written: Vec<_> = rates.0.iter().map(|rate| (rate.quota, rate.seconds)).collect();
            prop_assert_eq!(told, written);
        }

        #[test]
        fn whatever_is_written_is_a_rate_or_an_error_and_never_a_panic(text in "\\PC{0,40}") {
            if let Ok(rates) = text.parse::<Rates>() {
                prop_assert!(rates.policy("read").is_ok());
            }
        }

        #[test]
        fn neither_case_nor_space_nor_the_way_of_writing_matters(
            quota in 1..=u32::MAX, count in 1..=24_u64, unit in 0..UNITS.len(), name in 0..3_usize,
            slash: bool, upper: bool, space in " {0,3}",
        ) {
            let (length, names) = UNITS[unit];
            prop_assume!(length * count <= 31 * 86_400);
            let per = if slash { "/" } else { " per " };
            let mut text = format!("{space}{quota}{space}{per}{space}{count}{space}{}{space}", names[name]);
            if upper {
                text = text.to_uppercase();
            }
            prop_assert_eq!(read(&text), [(quota, length * count)]);
        }
    }
}
