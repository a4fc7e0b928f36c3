//! Years, minutes and other whole numbers.

use super::{cell::shown, date};

/// A whole number: `862`, `862.0`, `1,234`. 0 stands for nothing.
pub(super) fn whole(text: &str) -> Result<Option<i64>, String> {
    match parse(text.trim()) {
        Some(0) => Ok(None),
        Some(number) => Ok(Some(number)),
        None => Err(format!("{} is no whole number", shown(text))),
    }
}

fn parse(text: &str) -> Option<i64> {
    let digits = text.split_once('.').map_or(Some(text), |(whole, fraction)| {
        fraction.bytes().all(|byte| byte == b'0').then_some(whole)
    })?;
    digits.parse().ok()
}

/// A year: `1979`, `1979.0`, `(1979)`, `'79`, or the year of a date.
pub(super) fn year(text: &str, this_year: i16) -> Result<Option<i16>, String> {
    let wrong = || format!("{} is no year", shown(text));
    let bare = text.trim().trim_matches(['(', ')', '[', ']']).trim_start_matches(['\'', '’']);
    if let Some(number) = parse(bare) {
        return match (bare.len(), i16::try_from(number)) {
            (_, Ok(0)) => Ok(None),
            (2, Ok(year)) if year >= 0 => Ok(Some(date::full_year(year, this_year))),
            (_, Ok(year)) => Ok(Some(year)),
            _ => Err(wrong()),
        };
    }
    if bare.parse::<f64>().is_ok() {
        return Err(wrong());
    }
    // One number of four digits, as in `(I) (2013)` and `2013 TV Movie`; or the first of a date.
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    match (numbers.next(), numbers.next()) {
        (Some(year), None) if year.len() == 4 => year.parse().map(Some).map_err(|_| wrong()),
        (Some(_), Some(_)) => match date::read(text, None, this_year) {
            Ok(Some(dated)) => Ok(Some(dated.year())),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A length in minutes: `142`, `142 min`, `2h 22m`, `2:22`, `PT2H22M`. 0 stands for nothing.
pub(super) fn minutes(text: &str) -> Result<Option<i64>, String> {
    let wrong = || format!("{} is no length in minutes", shown(text));
    let lower = text.trim().to_ascii_lowercase();
    if let Some(minutes) = parse(&lower) {
        return Ok(Some(minutes).filter(|&minutes| minutes != 0));
    }
    if let Some((hours, minutes)) = lower.split_once(':') {
        // Hours and minutes; seconds behind them are left out.
        let minutes = minutes.split_once(':').map_or(minutes, |(minutes, _)| minutes);
        let parts = (hours.parse::<u16>(), minutes.parse::<u16>());
        return match parts {
            (Ok(hours), Ok(minutes)) if minutes < 60 => {
                Ok(Some(i64::from(hours) * 60 + i64::from(minutes)).filter(|&all| all != 0))
            }
            _ => Err(wrong()),
        };
    }
    let total = units(lower.strip_prefix("pt").unwrap_or(&lower)).ok_or_else(wrong)?;
    Ok(Some(total).filter(|&minutes| minutes != 0))
}

/// Numbers with their units: hours and minutes.
fn units(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text.trim_start();
    // Ends, since each round takes a number off the text.
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let minutes = match unit {
            "h" | "hr" | "hrs" | "hour" | "hours" => 60,
            "m" | "min" | "mins" | "minute" | "minutes" => 1,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(minutes)?)?;
        rest = after.trim_start_matches(['.', ',', ' ', '\u{a0}']);
    }
    (!text.trim().is_empty()).then_some(total)
}

/// A title with a year in brackets behind it, as lists have it: `Toy Story (1995)`.
pub(super) fn title_and_year(title: &str) -> Option<(&str, i16)> {
    let (name, year) = title.strip_suffix(')')?.rsplit_once('(')?;
    let name = name.trim_end();
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let year = year.parse().ok().filter(|_| is_year && !name.is_empty())?;
    Some((name, year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_read_as_people_write_them() {
        for text in
            ["1979", "1979.0", "(1979)", " 79 ", "'79", "(I) (1979)", "1979-05-25", "25 May 1979"]
        {
            assert_eq!(year(text, 2026), Ok(Some(1979)), "{text}");
        }
        assert_eq!(year("26", 2026), Ok(Some(2026)));
        assert_eq!(year("27", 2026), Ok(Some(1927)));
        assert_eq!(year("0", 2026), Ok(None));
        for text in ["1979–1983", "soon", "1979.5", "99999"] {
            assert!(year(text, 2026).unwrap_err().contains("is no year"), "{text}");
        }
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for text in [
            "142",
            "142.0",
            "142 min",
            "142min.",
            "2h 22m",
            "2 hr. 22 min.",
            "2:22",
            "2:22:00",
            "PT2H22M",
            "2 hours, 22 minutes",
        ] {
            assert_eq!(minutes(text), Ok(Some(142)), "{text}");
        }
        assert_eq!(minutes("0"), Ok(None));
        for text in ["long", "142 parsecs", "2:99", "1.5", "99999999999999999999 h"] {
            assert!(minutes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_year_behind_a_title_is_taken_off() {
        assert_eq!(title_and_year("Toy Story (1995)"), Some(("Toy Story", 1995)));
        for title in ["Birdman (or …)", "(1995)", "1917", "Se7en (95)"] {
            assert_eq!(title_and_year(title), None, "{title}");
        }
    }
}
