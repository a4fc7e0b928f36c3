//! How long, how many, how large. The OpenAPI schemas state these same numbers.

use std::ops::RangeInclusive;

use events::MovieRated;

/// The longest title, in characters (Unicode scalar values).
pub const TITLE_CHARS_MAX: usize = 300;
/// The longest synopsis, in characters.
pub const SYNOPSIS_CHARS_MAX: usize = 5_000;
/// The longest name of a genre, tag, platform, person or studio, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// The most names in a list other than the cast.
pub const NAMES_MAX: usize = 50;
/// The most names in the cast.
pub const CAST_MAX: usize = 200;
/// The years that films are from.
pub const YEARS: RangeInclusive<i64> = 1870..=2200;
/// The length of a film, in minutes.
pub const RUNTIME_MINUTES: RangeInclusive<i64> = 1..=60_000;
/// The longest language tag, in characters.
pub const LANGUAGE_CHARS_MAX: usize = 35;
/// The ids that TMDB gives.
pub const TMDB_IDS: RangeInclusive<i64> = 1..=2_147_483_647;
/// The values that a rating can have, from worst to best.
pub const RATINGS: RangeInclusive<i64> =
    *MovieRated::VALUES.start() as i64..=*MovieRated::VALUES.end() as i64;
/// The longest description of a genre, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 5_000;
