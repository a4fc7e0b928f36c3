//! Schemas of single values, with the limits of [`domain::limits`].
//!
//! The patterns mean the same in ECMA-262, Python and Rust: no `\s`, `\w` or `\p`, whose meanings
//! differ, but ranges spelled out.

use std::ops::RangeInclusive;

use domain::limits::{
    DESCRIPTION_CHARS_MAX, LANGUAGE_CHARS_MAX, NAME_CHARS_MAX, SYNOPSIS_CHARS_MAX, TITLE_CHARS_MAX,
};
use utoipa::openapi::schema::{
    Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type,
};

/// One line with something in it: no control characters (those that turn the direction of text among
/// them), and at least one character that is not white space either. The second class has both, white
/// space being what `char::is_whitespace` says it is.
pub(super) const LINE: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\
     [^\\u0000-\\u0020\\u007F-\\u00A0\\u1680\\u2000-\\u200A\\u2028-\\u202F\\u205F\\u2066-\\u2069\\u3000]\
     [^\\u0000-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*$";

/// Any text without control characters, but for tabs and line ends.
const PROSE: &str = "^[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F]*$";

/// The days of the years 1870 to 2200, with the 29th of February in leap years only. `format: date`
/// says nothing of years, and not every validator heeds it.
const DATE: &str = "^((187[0-9]|18[89][0-9]|19[0-9]{2}|2[01][0-9]{2}|2200)-\
     ((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))\
     |(187[26]|188[048]|189[26]|19(0[48]|[2468][048]|[13579][26])|2[01](0[48]|[2468][048]|[13579][26])|2000)-02-29)$";

const LANGUAGE: &str = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$";
const COUNTRY: &str = "^[A-Za-z]{2}$";
const IMDB: &str = "^tt[0-9]{7,10}$";

fn text(chars: RangeInclusive<usize>, pattern: &str, description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(*chars.start()).filter(|min| *min > 0))
        .max_length(Some(*chars.end()))
        .pattern(Some(pattern))
        .description(Some(description))
}

fn or_null(kind: Type) -> SchemaType {
    SchemaType::from_iter([kind, Type::Null])
}

pub(super) fn title(description: &str) -> ObjectBuilder {
    text(1..=TITLE_CHARS_MAX, LINE, description)
}

pub(super) fn name(description: &str) -> ObjectBuilder {
    text(1..=NAME_CHARS_MAX, LINE, description)
}

pub(super) fn original_title() -> Object {
    title("The title in the language it was made in, where that is another.")
        .schema_type(or_null(Type::String))
        .build()
}

pub(super) fn synopsis() -> Object {
    text(0..=SYNOPSIS_CHARS_MAX, PROSE, "What it is about. Blank text counts as none.")
        .schema_type(or_null(Type::String))
        .build()
}

pub(super) fn genre_description() -> Object {
    text(0..=DESCRIPTION_CHARS_MAX, PROSE, "What it is, in prose. Blank text counts as none.")
        .schema_type(or_null(Type::String))
        .build()
}

pub(super) fn release_date() -> Object {
    ObjectBuilder::new()
        .schema_type(or_null(Type::String))
        .pattern(Some(DATE))
        .description(Some("Day of first release, `YYYY-MM-DD`."))
        .examples(["2000-09-29"])
        .build()
}

pub(super) fn language() -> Object {
    text(
        2..=LANGUAGE_CHARS_MAX,
        LANGUAGE,
        "Its main language, a BCP 47 tag such as `ja` or `pt-BR`.",
    )
    .schema_type(or_null(Type::String))
    .build()
}

pub(super) fn country() -> Object {
    text(2..=2, COUNTRY, "Its main country, an ISO 3166-1 alpha-2 code such as `JP`.")
        .schema_type(or_null(Type::String))
        .build()
}

pub(super) fn imdb() -> Object {
    text(9..=12, IMDB, "IMDb's id, such as `tt0118694`.").schema_type(or_null(Type::String)).build()
}

/// A whole number; `2007.0` is one too.
pub(super) fn whole(range: &RangeInclusive<i64>, description: &str) -> ObjectBuilder {
    let bound = |limit: i64| isize::try_from(limit).ok();
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(bound(*range.start()))
        .maximum(bound(*range.end()))
        .description(Some(description))
}

pub(super) fn whole_or_null(range: &RangeInclusive<i64>, description: &str) -> Object {
    whole(range, description).schema_type(or_null(Type::Integer)).build()
}

pub(super) fn names(names_max: usize, what: &str) -> Array {
    ArrayBuilder::new()
        .schema_type(or_null(Type::Array))
        .items(name("A name."))
        .max_items(Some(names_max))
        .description(Some(format!(
            "{what} Names that differ only in case, accents or spacing are one name: the first \
             spelling is kept. `null` is an empty list."
        )))
        .build()
}

/// A field that may hold anything, because it is not looked at.
pub(super) fn ignored() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some("Ignored, so that a film can be sent back as it was read."))
        .build()
}

pub(super) fn uuid(description: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .description(Some(description))
        .build()
}
