//! Days, in the many ways in which they are written.

use jiff::civil::Date;

use super::cell::shown;

/// Which number of `03/04/1999` is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DayOrder {
    /// Day, month, year, as most of the world writes
    Dmy,
    /// Month, day, year, as in the United States
    Mdy,
}

/// A day, or as much as is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dated {
    Day(Date),
    Year(i16),
}

impl Dated {
    pub(super) fn year(self) -> i16 {
        match self {
            Self::Day(date) => date.year(),
            Self::Year(year) => year,
        }
    }
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Number { value: i16, digits: usize },
    Month(i8),
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Words that say nothing about the day.
const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A year of two digits: in this century, unless that would be in the future.
pub(super) fn full_year(two_digits: i16, this_year: i16) -> i16 {
    let year = 2000 + two_digits;
    if year > this_year { year - 100 } else { year }
}

/// A day: `2007-06-14`, with a time or without, `14-Jun-07`, `Jun 14 2007`, `June 14, 2007`,
/// `14. June 2007`, `14.06.2007`, `6/14/2007`; or only a year, which months do not make more exact.
pub(super) fn read(
    text: &str,
    order: Option<DayOrder>,
    this_year: i16,
) -> Result<Option<Dated>, String> {
    let wrong = || format!("{} is no date", shown(text));
    let bare = without_time(text.trim());
    let parts = parts(bare).ok_or_else(wrong)?;
    let (year, month, day) = match parts.as_slice() {
        [Part::Number { value: 0, .. }] => return Ok(None),
        [Part::Number { value, digits: 4 }]
        | [Part::Number { value, digits: 4 }, Part::Number { value: 1..=12, .. }]
        | [Part::Number { value: 1..=12, .. }, Part::Number { value, digits: 4 }]
        | [Part::Month(_), Part::Number { value, digits: 4 }]
        | [Part::Number { value, digits: 4 }, Part::Month(_)] => {
            return Ok(Some(Dated::Year(*value)));
        }
        [
            Part::Number { value: year, digits: 4 },
            Part::Number { value: month, .. },
            Part::Number { value: day, .. },
        ] => (*year, *month, *day),
        [
            Part::Number { value: a, digits: 1 | 2 },
            Part::Number { value: b, .. },
            Part::Number { value: year, digits },
        ] => {
            let (month, day) = month_and_day(text, bare, (*a, *b), order)?;
            (year_of(*year, *digits, this_year).ok_or_else(wrong)?, month, day)
        }
        [
            Part::Number { value: year, digits: 4 },
            Part::Month(month),
            Part::Number { value: day, .. },
        ] => (*year, i16::from(*month), *day),
        [
            Part::Number { value: day, .. },
            Part::Month(month),
            Part::Number { value: year, digits },
        ]
        | [
            Part::Month(month),
            Part::Number { value: day, .. },
            Part::Number { value: year, digits },
        ] => (year_of(*year, *digits, this_year).ok_or_else(wrong)?, i16::from(*month), *day),
        _ => return Err(wrong()),
    };
    let (month, day) = (i8::try_from(month), i8::try_from(day));
    let date = month.ok().zip(day.ok()).and_then(|(month, day)| Date::new(year, month, day).ok());
    date.map(|date| Some(Dated::Day(date))).ok_or_else(wrong)
}

fn year_of(value: i16, digits: usize, this_year: i16) -> Option<i16> {
    match digits {
        2 => Some(full_year(value, this_year)),
        4 => Some(value),
        _ => None,
    }
}

/// Which of the two numbers before the year is the month, and which the day.
fn month_and_day(
    text: &str,
    bare: &str,
    (a, b): (i16, i16),
    order: Option<DayOrder>,
) -> Result<(i16, i16), String> {
    // Whoever writes dots means the day first.
    let order = if bare.contains('.') { Some(DayOrder::Dmy) } else { order };
    match order {
        _ if a > 12 || a == b => Ok((b, a)),
        _ if b > 12 => Ok((a, b)),
        Some(DayOrder::Dmy) => Ok((b, a)),
        Some(DayOrder::Mdy) => Ok((a, b)),
        None => Err(format!(
            "{} may be day and month or month and day: say which with --dates dmy or --dates mdy",
            shown(text)
        )),
    }
}

/// A date without the time of day behind it, and without a place in brackets.
fn without_time(text: &str) -> &str {
    let text = text
        .split_once('(')
        .map_or(text, |(date, _)| if date.trim().is_empty() { text } else { date });
    let is_iso = text.len() > 10 && text.is_char_boundary(10) && text.as_bytes()[4] == b'-';
    if is_iso && matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
        return &text[..10];
    }
    match text.split_once(':') {
        // The hour is the last number before the first colon.
        Some((before, _)) => {
            before.rsplit_once(char::is_whitespace).map_or(before, |(date, _)| date)
        }
        None => text,
    }
}

/// The numbers and months of a text. `None` where it has anything else.
fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    for word in words(text) {
        let first = word.chars().next()?;
        if first.is_ascii_digit() {
            let value: u32 = word.parse().ok()?;
            if word.len() == 8 {
                // 20070614
                let part = |value: u32, digits| {
                    Some(Part::Number { value: i16::try_from(value).ok()?, digits })
                };
                parts.extend([
                    part(value / 10_000, 4)?,
                    part(value / 100 % 100, 2)?,
                    part(value % 100, 2)?,
                ]);
            } else {
                parts.push(Part::Number { value: i16::try_from(value).ok()?, digits: word.len() });
            }
        } else if let Some(month) = month(word) {
            parts.push(Part::Month(month));
        } else if !is_filler(word) {
            return None;
        }
        if parts.len() > 3 {
            return None;
        }
    }
    Some(parts)
}

/// Runs of digits, and runs of letters.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| {
        if c.is_ascii_digit() {
            1
        } else if c.is_alphabetic() {
            2
        } else {
            0
        }
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| kind(c) == 0);
        let first = kind(rest.chars().next()?);
        let end = rest.find(|c| kind(c) != first).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// The month of this name, whole or shortened to three letters or more.
fn month(word: &str) -> Option<i8> {
    let word = word.to_lowercase();
    let is_name = |name: &str| word.len() >= 3 && name.starts_with(&word);
    let index = MONTHS.iter().position(|name| is_name(name))?;
    i8::try_from(index + 1).ok()
}

/// Ordinals and days of the week.
fn is_filler(word: &str) -> bool {
    let word = word.to_lowercase();
    matches!(word.as_str(), "st" | "nd" | "rd" | "th" | "of" | "the" | "de" | "del")
        || DAYS.iter().any(|day| word.len() >= 3 && day.starts_with(&word))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Dated {
        read(text, None, 2026).unwrap().unwrap()
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        for text in [
            "1998-06-15",
            "1998-06-15T00:00:00Z",
            "1998-06-15 00:00:00",
            "1998/06/15",
            "19980615",
            "15-Jun-98",
            "15-JUN-1998",
            "Jun 15 1998",
            "Jun 15, 1998",
            "June 15th, 1998",
            "15 June 1998 (USA)",
            "15. June 1998",
            "Monday, 15 June 1998",
            "15.06.1998",
            "15.6.98",
            "6/15/1998",
            "15/06/98",
            "6/15/1998 00:00:00",
        ] {
            assert_eq!(day(text), Dated::Day(date(1998, 6, 15)), "{text}");
        }
    }

    #[test]
    fn two_digits_never_mean_the_future() {
        assert_eq!(day("1-Jan-26"), Dated::Day(date(2026, 1, 1)));
        assert_eq!(day("1-Jan-27"), Dated::Day(date(1927, 1, 1)));
        assert_eq!(day("15-Jun-00"), Dated::Day(date(2000, 6, 15)));
    }

    #[test]
    fn less_than_a_day_is_a_year() {
        for text in ["1998", "1998-06", "06/1998", "Jun 1998", "June, 1998"] {
            assert_eq!(day(text), Dated::Year(1998), "{text}");
        }
    }

    #[test]
    fn a_day_that_could_be_another_is_refused_unless_the_order_is_said() {
        assert!(read("03/04/1999", None, 2026).unwrap_err().contains("--dates dmy"));
        let read = |order| read("03/04/1999", Some(order), 2026).unwrap().unwrap();
        assert_eq!(read(DayOrder::Dmy), Dated::Day(date(1999, 4, 3)));
        assert_eq!(read(DayOrder::Mdy), Dated::Day(date(1999, 3, 4)));
        assert_eq!(day("04/04/1999"), Dated::Day(date(1999, 4, 4)));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in
            ["soon", "1999-02-29", "32 Jan 1999", "1/2/3/4", "June 15", "12345", "31-Foo-99"]
        {
            assert!(read(text, None, 2026).is_err(), "{text}: {:?}", read(text, None, 2026));
        }
        assert_eq!(read("0", None, 2026), Ok(None));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,30}") {
            let _ = read(&text, None, 2026);
        }

        #[test]
        fn whatever_looks_like_a_date_is_read_or_refused(text in "[0-9JanFebMa/.:T ()-]{0,20}") {
            let _ = read(&text, Some(DayOrder::Mdy), 2026);
        }
    }
}
