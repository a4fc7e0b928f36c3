//! Which films: the conditions of a list.

mod parameters;

use std::ops::Range;

use events::Slug;
use read_model::FacetKind;

use crate::value::Value;

/// A column that films are filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Year,
    ReleaseDate,
    RuntimeMinutes,
    RatingCount,
    Language,
    Country,
    Imdb,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
}

impl Comparison {
    /// Whether only numbers up to `most` compare so with `asked`.
    pub(crate) fn bounds_above(self, asked: i64, most: i64) -> bool {
        match self {
            Self::Equal | Self::AtMost => asked <= most,
            Self::LessThan => asked <= most + 1,
            Self::AtLeast | Self::MoreThan => false,
        }
    }

    /// Whether only numbers from `least` on compare so with `asked`.
    pub(crate) fn bounds_below(self, asked: i64, least: i64) -> bool {
        match self {
            Self::Equal | Self::AtLeast => asked >= least,
            Self::MoreThan => asked >= least - 1,
            Self::AtMost | Self::LessThan => false,
        }
    }

    /// The operator, in SQL.
    pub(crate) fn operator(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::MoreThan => ">",
            Self::AtMost => "<=",
            Self::LessThan => "<",
        }
    }
}

/// One thing that must hold of a film. A film for which the value is absent fails every condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    /// It has at least one of these genres, tags, actors, …
    HasAny(FacetKind, Vec<Slug>),
    /// A column compares so with a value.
    Compares(Column, Comparison, Value),
    /// Its average rating, not rounded, is in this range, which does not hold 0.
    Averages(Range<f64>),
    /// A column is one of these codes, in the capitals that the catalogue keeps them in.
    IsAny(Column, Vec<String>),
}

/// Which films a list has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MovieFilter {
    /// All of these hold.
    pub(crate) conditions: Vec<Condition>,
    /// The words to be found in it.
    pub(crate) query: Option<String>,
}

impl MovieFilter {
    /// The one facet that the films have, where nothing else is asked.
    pub(crate) fn is_one_facet(&self) -> Option<(FacetKind, &Slug)> {
        match (&self.query, &self.conditions[..]) {
            (None, [Condition::HasAny(kind, slugs)]) if slugs.len() == 1 => {
                slugs.first().map(|slug| (*kind, slug))
            }
            _ => None,
        }
    }

    /// The same filter, for films that have this genre, tag, … as well.
    pub(crate) fn and_has(mut self, kind: FacetKind, slug: Slug) -> Self {
        self.conditions.push(Condition::HasAny(kind, vec![slug]));
        self
    }
}

impl Condition {
    /// Whether it names films by an id that no other film has.
    pub(crate) fn is_of_one_film(&self) -> bool {
        matches!(self, Self::IsAny(Column::Imdb, _))
    }
}

impl Column {
    /// What the store calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::ReleaseDate => "release_date",
            Self::RuntimeMinutes => "runtime_minutes",
            Self::RatingCount => "rating_count",
            Self::Language => "language",
            Self::Country => "country",
            Self::Imdb => "imdb",
        }
    }

    /// What stands in it where a film has no value, as SQL. Every film has a number of ratings.
    pub(crate) fn absent(self) -> Option<&'static str> {
        match self {
            Self::Year | Self::RuntimeMinutes => Some("0"),
            Self::ReleaseDate | Self::Language | Self::Country | Self::Imdb => Some("''"),
            Self::RatingCount => None,
        }
    }
}
