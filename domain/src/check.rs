//! Checks of single fields. Each takes what was sent, notes what is wrong, and gives back the value in
//! its normal form.
//!
//! The result is `None` where the field was absent (or wrong), `Some(None)` where it is to be empty.
//! What is accepted is exactly what a JSON Schema can say, so that the published schemas are true.

use std::ops::RangeInclusive;

use events::Slug;
use jiff::civil::Date;

use crate::{
    Field, Whole,
    invalid::Findings,
    limits::{LANGUAGE_CHARS_MAX, NAME_CHARS_MAX, YEARS},
    name,
};

/// A field whose value `parse` understands; `expected` says what that is.
pub(crate) fn parsed<T, U>(
    field: Field<T>,
    pointer: &str,
    findings: &mut Findings,
    expected: &str,
    parse: impl FnOnce(T) -> Option<U>,
) -> Option<Option<U>> {
    let value = match field {
        Field::Absent => return None,
        Field::Null => return Some(None),
        Field::Given(value) => parse(value),
        Field::Wrong => None,
    };
    if value.is_none() {
        findings.add(pointer, expected);
    }
    value.map(Some)
}

/// One line of text that is not blank.
pub(crate) fn line(
    field: Field<String>,
    pointer: &str,
    chars_max: usize,
    findings: &mut Findings,
) -> Option<Option<String>> {
    parsed(field, pointer, findings, &line_expected(chars_max), |text| name::line(&text, chars_max))
}

/// What [`line`] expects.
pub(crate) fn line_expected(chars_max: usize) -> String {
    format!(
        "be text of 1 to {chars_max} characters, with at least one that is not white space and no control characters"
    )
}

/// Prose: it may have lines and tabs. Blank prose is none.
pub(crate) fn prose(
    field: Field<String>,
    pointer: &str,
    chars_max: usize,
    findings: &mut Findings,
) -> Option<Option<String>> {
    let expected = format!(
        "be text of at most {chars_max} characters, with no control characters but tabs and line ends"
    );
    let allowed = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let text = parsed(field, pointer, findings, &expected, |text| {
        (text.chars().count() <= chars_max && text.chars().all(allowed))
            .then(|| text.trim().to_owned())
    })?;
    Some(text.filter(|text| !text.is_empty()))
}

/// A list of names, of which the first of each slug is kept. None at all is an empty list.
pub(crate) fn names(
    field: Field<Vec<Field<String>>>,
    pointer: &str,
    names_max: usize,
    findings: &mut Findings,
) -> Option<Vec<String>> {
    let expected = format!("be a list of at most {names_max} names");
    let list = parsed(field, pointer, findings, &expected, |list| {
        (list.len() <= names_max).then_some(list)
    })?;
    let mut slugs: Vec<Slug> = Vec::new();
    let mut names = Vec::new();
    for (index, entry) in list.unwrap_or_default().into_iter().enumerate() {
        let name = match entry {
            Field::Given(text) => name::line(&text, NAME_CHARS_MAX),
            Field::Absent | Field::Null | Field::Wrong => None,
        };
        let Some(name) = name else {
            findings.add(format!("{pointer}/{index}"), line_expected(NAME_CHARS_MAX));
            continue;
        };
        let slug = Slug::of(&name);
        if !slugs.contains(&slug) {
            slugs.push(slug);
            names.push(name);
        }
    }
    Some(names)
}

/// A whole number in `range`.
pub(crate) fn whole<T: TryFrom<i64>>(
    field: Field<Whole>,
    pointer: &str,
    range: &RangeInclusive<i64>,
    findings: &mut Findings,
) -> Option<Option<T>> {
    let expected = format!("be a whole number from {} to {}", range.start(), range.end());
    parsed(field, pointer, findings, &expected, |Whole(number)| {
        range.contains(&number).then(|| T::try_from(number).ok()).flatten()
    })
}

/// A day, as `YYYY-MM-DD` (RFC 3339 `full-date`) and nothing else.
pub(crate) fn date(
    field: Field<String>,
    pointer: &str,
    findings: &mut Findings,
) -> Option<Option<Date>> {
    let expected = format!(
        "be a day that exists, written YYYY-MM-DD, in the years {} to {}",
        YEARS.start(),
        YEARS.end()
    );
    parsed(field, pointer, findings, &expected, |text| {
        // jiff reads more of ISO 8601 than a full-date, such as `20070614` and times of day.
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date: Date = text.parse().ok().filter(|_| shape)?;
        YEARS.contains(&i64::from(date.year())).then_some(date)
    })
}

/// A language tag (a subset of BCP 47), in its usual capitals: `zh-Hant-TW`.
pub(crate) fn language(
    field: Field<String>,
    pointer: &str,
    findings: &mut Findings,
) -> Option<Option<String>> {
    let expected = format!(
        "be a language tag such as ja or pt-BR, of at most {LANGUAGE_CHARS_MAX} characters"
    );
    parsed(field, pointer, findings, &expected, |text| {
        let mut subtags = text.split('-');
        let primary = subtags.next().unwrap_or_default();
        let is_primary =
            (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
        if !is_primary || text.len() > LANGUAGE_CHARS_MAX {
            return None;
        }
        let mut tag = primary.to_ascii_lowercase();
        for subtag in subtags {
            tag.push('-');
            tag.push_str(&language_subtag(subtag)?);
        }
        Some(tag)
    })
}

/// A subtag in the capitals of RFC 5646, section 2.1.1: regions `BR`, scripts `Hant`, others lower case.
fn language_subtag(subtag: &str) -> Option<String> {
    if !(2..=8).contains(&subtag.len()) || !subtag.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let letters = subtag.bytes().all(|b| b.is_ascii_alphabetic());
    Some(match subtag.len() {
        2 if letters => subtag.to_ascii_uppercase(),
        4 if letters => {
            let (first, rest) = subtag.split_at(1);
            first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
        }
        _ => subtag.to_ascii_lowercase(),
    })
}

/// A country, as two letters.
pub(crate) fn country(
    field: Field<String>,
    pointer: &str,
    findings: &mut Findings,
) -> Option<Option<String>> {
    parsed(field, pointer, findings, "be a country code of two letters, such as JP", |text| {
        (text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()))
            .then(|| text.to_ascii_uppercase())
    })
}

/// IMDb's id of a film.
pub(crate) fn imdb(
    field: Field<String>,
    pointer: &str,
    findings: &mut Findings,
) -> Option<Option<String>> {
    parsed(field, pointer, findings, "be tt and 7 to 10 digits, such as tt0111161", |text| {
        let digits = text.strip_prefix("tt")?;
        ((7..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.clone())
    })
}
