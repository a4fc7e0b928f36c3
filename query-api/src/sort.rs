//! The order of a list: which keys, each up or down.
//!
//! An absent value is the smallest. The tie breaker (an id or a slug) is not among the keys here: the
//! store adds it, in the direction of the last key, so that an index on key and id serves the list
//! both ways.

use crate::{
    arguments::Arguments,
    parameter::{Form, Parameter},
};

/// The most keys of one order.
const MAX_KEYS: usize = 4;

/// What a kind of list can be sorted by.
pub trait SortKey: Copy + PartialEq + 'static {
    /// Each key with its name in `sort`.
    const ALL: &'static [(&'static str, Self)];

    /// Whether `-name` is a key too.
    fn can_descend(self) -> bool {
        true
    }
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From small to large.
    Ascending,
    /// From large to small.
    Descending,
}

impl Direction {
    /// The keyword in `ORDER BY`.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }

    /// The operator in SQL between a value and the one that it comes after in this direction.
    pub(crate) fn beyond(self) -> &'static str {
        match self {
            Self::Ascending => ">",
            Self::Descending => "<",
        }
    }

    /// The other one.
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// The keys of an order, the most important first. Never empty, and no key twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order<K>(Vec<(K, Direction)>);

impl<K: SortKey> Order<K> {
    /// The order of these keys. Of a key that comes twice the first counts.
    pub(crate) fn of(keys: impl IntoIterator<Item = (K, Direction)>) -> Self {
        let mut order: Vec<(K, Direction)> = Vec::new();
        for (key, direction) in keys {
            if order.iter().all(|(known, _)| *known != key) {
                order.push((key, direction));
            }
        }
        Self(order)
    }

    /// The keys that `sort` names. `None` where it is absent.
    pub(crate) fn asked(arguments: &Arguments) -> Option<Self> {
        let names = arguments.list("sort")?;
        Some(Self::of(names.iter().filter_map(|name| {
            let (name, direction) = match name.strip_prefix('-') {
                Some(name) => (name, Direction::Descending),
                None => (name.as_str(), Direction::Ascending),
            };
            let (_, key) = K::ALL.iter().find(|(known, _)| *known == name)?;
            Some((*key, direction))
        })))
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &[(K, Direction)] {
        &self.0
    }

    /// The order as `sort` would name it.
    pub(crate) fn name(&self) -> String {
        let names = self.0.iter().map(|(key, direction)| {
            let name = K::ALL.iter().find(|(_, known)| known == key).map_or("", |(name, _)| name);
            match direction {
                Direction::Ascending => name.to_owned(),
                Direction::Descending => format!("-{name}"),
            }
        });
        names.collect::<Vec<_>>().join(",")
    }
}

/// The parameter `sort` for keys of this kind; `default` says what happens without it.
pub(crate) fn parameter<K: SortKey>(default: &str) -> Parameter {
    let mut words = Vec::new();
    for (name, key) in K::ALL {
        words.push((*name).to_owned());
        if key.can_descend() {
            words.push(format!("-{name}"));
        }
    }
    let description = format!(
        "The order: one to {MAX_KEYS} keys between commas, `-` before a key turns it round. Of a key \
         that comes twice the first counts. Absent values are the smallest. What is still equal is \
         in the order of its id. {default}"
    );
    Parameter::new("sort", Form::Words { of: words, most: MAX_KEYS }, description)
}

/// What films can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovieSort {
    /// The title, without case and accents.
    Title,
    /// The year of first release.
    Year,
    /// The day of first release.
    ReleaseDate,
    /// The average rating.
    Rating,
    /// How many people rated it.
    RatingCount,
    /// Its length.
    RuntimeMinutes,
    /// When it entered the catalogue.
    CreatedAt,
    /// When its catalogue entry last changed.
    UpdatedAt,
    /// How well it fits `q`.
    Relevance,
}

impl MovieSort {
    /// The column that holds it; `None` for relevance, which has to be computed.
    pub(crate) fn column(self) -> Option<&'static str> {
        Some(match self {
            Self::Title => "m.title",
            Self::Year => "m.year",
            Self::ReleaseDate => "m.release_date",
            Self::Rating => "m.rating",
            Self::RatingCount => "m.rating_count",
            Self::RuntimeMinutes => "m.runtime_minutes",
            Self::CreatedAt => "m.created_at",
            Self::UpdatedAt => "m.updated_at",
            Self::Relevance => return None,
        })
    }
}

impl SortKey for MovieSort {
    const ALL: &'static [(&'static str, Self)] = &[
        ("title", Self::Title),
        ("year", Self::Year),
        ("release_date", Self::ReleaseDate),
        ("rating", Self::Rating),
        ("rating_count", Self::RatingCount),
        ("runtime_minutes", Self::RuntimeMinutes),
        ("created_at", Self::CreatedAt),
        ("updated_at", Self::UpdatedAt),
        ("relevance", Self::Relevance),
    ];

    fn can_descend(self) -> bool {
        self != Self::Relevance
    }
}

impl Order<MovieSort> {
    /// The order of a list of films. `has_query` says whether there is a `q` to be relevant to.
    pub(crate) fn of_movies(arguments: &Arguments, has_query: bool) -> Self {
        let fallback = if has_query { MovieSort::Relevance } else { MovieSort::Title };
        let asked =
            Self::asked(arguments).unwrap_or_else(|| Self::of([(fallback, Direction::Ascending)]));
        // Films that fit equally well are sorted by how many people rated them. Without `q` all fit
        // equally well.
        let spelled_out = asked.0.into_iter().flat_map(|(key, direction)| {
            let is_relevance = key == MovieSort::Relevance;
            let then = [
                (MovieSort::RatingCount, Direction::Descending),
                (MovieSort::Title, Direction::Ascending),
            ];
            (has_query || !is_relevance)
                .then_some((key, direction))
                .into_iter()
                .chain(then.into_iter().filter(move |_| is_relevance))
        });
        Self::of(spelled_out)
    }
}

/// What genres, tags, platforms and people can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FacetSort {
    /// The slug: the name without case and accents.
    Slug,
    /// How many films it has.
    MovieCount,
}

impl FacetSort {
    /// The column that holds it.
    fn column(self) -> &'static str {
        match self {
            Self::Slug => "f.slug",
            Self::MovieCount => "f.movie_count",
        }
    }
}

impl SortKey for FacetSort {
    const ALL: &'static [(&'static str, Self)] =
        &[("slug", Self::Slug), ("movie_count", Self::MovieCount)];
}

impl Order<FacetSort> {
    /// The columns that a list is sorted by. The slug is the last one: it is unique, so that no key after it
    /// would decide anything.
    pub(crate) fn columns(&self) -> Vec<(&'static str, Direction)> {
        let mut columns = Vec::new();
        let mut last = Direction::Ascending;
        for (key, direction) in self.keys() {
            columns.push((key.column(), *direction));
            if *key == FacetSort::Slug {
                return columns;
            }
            last = *direction;
        }
        columns.push((FacetSort::Slug.column(), last));
        columns
    }
}

/// What the ratings of a film can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatingSort {
    /// When it was given.
    RatedAt,
}

impl RatingSort {
    /// The column that holds it.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::RatedAt => "r.rated_at",
        }
    }
}

impl SortKey for RatingSort {
    const ALL: &'static [(&'static str, Self)] = &[("rated_at", Self::RatedAt)];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(sort: Option<&str>) -> Arguments {
        use std::sync::LazyLock;
        static DECLARED: LazyLock<[Parameter; 1]> = LazyLock::new(|| [parameter::<MovieSort>("")]);
        let pairs: Vec<_> =
            sort.into_iter().map(|sort| ("sort".to_owned(), sort.to_owned())).collect();
        Arguments::read(&pairs, &*DECLARED).unwrap()
    }

    fn name(sort: Option<&str>, has_query: bool) -> String {
        Order::of_movies(&arguments(sort), has_query).name()
    }

    #[test]
    fn facets_are_sorted_down_to_the_slug_and_no_further() {
        let columns = |keys: &[(FacetSort, Direction)]| Order::of(keys.iter().copied()).columns();
        let (up, down) = (Direction::Ascending, Direction::Descending);
        let by_count = columns(&[(FacetSort::MovieCount, down)]);
        assert_eq!(by_count, [("f.movie_count", down), ("f.slug", down)]);
        let by_slug = columns(&[(FacetSort::Slug, up), (FacetSort::MovieCount, down)]);
        assert_eq!(by_slug, [("f.slug", up)]);
    }

    #[test]
    fn films_stand_by_title_unless_something_else_is_asked() {
        assert_eq!(name(None, false), "title");
        assert_eq!(name(Some("-rating,title"), false), "-rating,title");
    }

    #[test]
    fn of_a_key_that_comes_twice_the_first_counts() {
        assert_eq!(name(Some("-year,title,year"), false), "-year,title");
    }

    #[test]
    fn a_search_is_sorted_by_relevance_and_then_by_how_well_known_films_are() {
        assert_eq!(name(None, true), "relevance,-rating_count,title");
        assert_eq!(name(Some("-year,relevance"), true), "-year,relevance,-rating_count,title");
        assert_eq!(name(Some("title"), true), "title");
    }

    #[test]
    fn relevance_without_a_search_finds_all_films_equal() {
        assert_eq!(name(Some("relevance"), false), "-rating_count,title");
    }
}
