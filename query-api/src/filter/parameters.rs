//! The parameters that filter films, and the conditions that they become.

use std::sync::LazyLock;

use events::Slug;
use read_model::FacetKind;

use super::{Column, Comparison, Condition, MovieFilter};
use crate::{
    arguments::Arguments,
    average,
    codes::{COUNTRY, IMDB, LANGUAGE, usual_language},
    parameter::{Argument, Form, Parameter},
    value::Value,
};

/// How often a filter by name may be repeated: all of them must hold.
const MAX_NAMES: usize = 8;

/// How many codes one filter may list.
const MAX_CODES: usize = 20;

/// What a parameter tests.
#[derive(Debug, Clone, Copy)]
enum Test {
    Has(FacetKind),
    Compares(Column, Comparison),
    Averages(Comparison),
    IsAny(Column),
}

/// The filters of every list of films.
static FILTERS: LazyLock<Vec<(Parameter, Test)>> = LazyLock::new(|| {
    let mut filters = Vec::new();
    filters.extend(names_filters());
    filters.extend(code_filters());
    filters.extend(range_filters());
    filters
});

fn names_filters() -> impl Iterator<Item = (Parameter, Test)> {
    let kinds = [
        ("genre", FacetKind::Genre, "Films of this genre"),
        ("tag", FacetKind::Tag, "Films with this tag"),
        ("platform", FacetKind::Platform, "Films that can be watched on this platform"),
        ("director", FacetKind::Director, "Films that this person directed"),
        ("actor", FacetKind::Actor, "Films that this person plays in"),
        ("cast", FacetKind::Actor, "The same as `actor`"),
        ("person", FacetKind::Person, "Films that this person directed or plays in"),
        ("studio", FacetKind::Studio, "Films that this studio made"),
    ];
    kinds.into_iter().map(|(name, kind, what)| {
        let description = format!(
            "{what}, by name or slug. Several between commas: any of them. Repeated, at most \
             {MAX_NAMES} times: all of them."
        );
        (Parameter::new(name, Form::Names { most: MAX_NAMES }, description), Test::Has(kind))
    })
}

fn code_filters() -> impl Iterator<Item = (Parameter, Test)> {
    let codes = [
        ("language", LANGUAGE, Column::Language, "Films in this language, such as `ja` or `pt-BR`"),
        ("country", COUNTRY, Column::Country, "Films from this country, such as `JP`"),
        ("imdb", IMDB, Column::Imdb, "The film with this IMDb id, such as `tt0111161`"),
    ];
    codes.into_iter().map(|(name, rule, column, what)| {
        let description = format!("{what}. Several between commas: any of them.");
        let form = Form::RuledList { rule, most: MAX_CODES };
        (Parameter::new(name, form, description), Test::IsAny(column))
    })
}

fn range_filters() -> impl Iterator<Item = (Parameter, Test)> {
    type MakeForm = fn() -> Form;
    let columns: [(&str, Option<Column>, MakeForm, &str); 5] = [
        (
            "year",
            Some(Column::Year),
            || Form::Integer { min: 1, max: 9999 },
            "year of first release",
        ),
        ("release_date", Some(Column::ReleaseDate), || Form::Date, "day of first release"),
        (
            "runtime_minutes",
            Some(Column::RuntimeMinutes),
            || Form::Integer { min: 1, max: 60_000 },
            "length in minutes",
        ),
        ("rating", None, || Form::Number { min: 0, max: 10 }, "average rating, as it is shown,"),
        (
            "rating_count",
            Some(Column::RatingCount),
            || Form::Integer { min: 0, max: 2_147_483_647 },
            "number of ratings",
        ),
    ];
    let comparisons = [
        ("", Comparison::Equal, "is this"),
        ("[gte]", Comparison::AtLeast, "is this or more"),
        ("[gt]", Comparison::MoreThan, "is more than this"),
        ("[lte]", Comparison::AtMost, "is this or less"),
        ("[lt]", Comparison::LessThan, "is less than this"),
    ];
    columns.into_iter().flat_map(move |(name, column, form, what)| {
        comparisons.into_iter().map(move |(suffix, comparison, is)| {
            let description = format!("Films whose {what} {is}.");
            let parameter = Parameter::new(format!("{name}{suffix}"), form(), description);
            let test = match column {
                Some(column) => Test::Compares(column, comparison),
                None => Test::Averages(comparison),
            };
            (parameter, test)
        })
    })
}

impl MovieFilter {
    /// The parameters that filter films.
    pub(crate) fn parameters() -> impl Iterator<Item = Parameter> {
        let search = Parameter::new(
            "q",
            Form::Text { max_chars: 200 },
            "Films in whose titles, people, genres, tags, studios or synopsis all of these words are \
             found, whatever their case and accents; the last one may be unfinished.",
        );
        FILTERS.iter().map(|(parameter, _)| parameter.clone()).chain([search])
    }

    /// The filter that a request asked for.
    pub(crate) fn asked(arguments: &Arguments) -> Self {
        let conditions = FILTERS.iter().flat_map(|(parameter, test)| {
            arguments.all(&parameter.name).filter_map(|argument| test.condition(argument))
        });
        Self { conditions: conditions.collect(), query: arguments.text("q").map(str::to_owned) }
    }
}

impl Column {
    /// A code in the capitals that the catalogue keeps it in.
    fn usual(self, code: &str) -> String {
        match self {
            Self::Language => usual_language(code),
            Self::Country => code.to_ascii_uppercase(),
            _ => code.to_owned(),
        }
    }
}

impl Test {
    fn condition(self, argument: &Argument) -> Option<Condition> {
        Some(match (self, argument) {
            (Self::Has(kind), Argument::List(names)) => {
                Condition::HasAny(kind, names.iter().map(|name| Slug::of(name)).collect())
            }
            (Self::IsAny(column), Argument::List(codes)) => {
                Condition::IsAny(column, codes.iter().map(|code| column.usual(code)).collect())
            }
            (Self::Averages(comparison), Argument::Number(asked)) => {
                Condition::Averages(average::that_show(comparison, *asked))
            }
            (Self::Compares(column, comparison), value) => {
                let value = match value {
                    Argument::Integer(number) => Value::Integer(*number),
                    Argument::Text(text) => Value::Text(text.clone()),
                    Argument::Number(_) | Argument::List(_) => return None,
                };
                Condition::Compares(column, comparison, value)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static DECLARED: LazyLock<Vec<Parameter>> =
        LazyLock::new(|| MovieFilter::parameters().collect());

    fn filter(pairs: &[(&str, &str)]) -> MovieFilter {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        MovieFilter::asked(&Arguments::read(&pairs, &DECLARED).unwrap())
    }

    #[test]
    fn names_and_slugs_mean_the_same() {
        let wanted = filter(&[("genre", "Film Noir,drama"), ("genre", "crime")]);
        assert_eq!(wanted, filter(&[("genre", "film-noir,Drama"), ("genre", "CRIME")]));
        assert_eq!(wanted.conditions.len(), 2);
    }

    #[test]
    fn cast_is_another_name_of_actor() {
        assert_eq!(filter(&[("cast", "Toshiro Mifune")]), filter(&[("actor", "toshiro-mifune")]));
    }

    #[test]
    fn codes_mean_the_same_in_any_capitals() {
        let wanted = filter(&[("language", "pt-BR"), ("country", "JP")]);
        assert_eq!(wanted, filter(&[("language", "PT-br"), ("country", "jp")]));
    }

    #[test]
    fn every_parameter_becomes_a_condition() {
        for parameter in DECLARED.iter().filter(|parameter| parameter.name != "q") {
            let text = match parameter.form {
                Form::Date => "1954-04-26",
                Form::RuledList { rule, .. } if rule.must == IMDB.must => "tt0047478",
                Form::RuledList { .. } => "ja",
                Form::Names { .. } => "drama",
                _ => "7",
            };
            let filter = filter(&[(&parameter.name, text)]);
            assert_eq!(filter.conditions.len(), 1, "{}", parameter.name);
        }
    }

    proptest! {
        #[test]
        fn whatever_a_query_holds_is_read_or_refused(
            name in prop::sample::select(DECLARED.iter().map(|it| it.name.to_string()).collect::<Vec<_>>()),
            text in "\\PC{0,60}|[a-z0-9,.;:+-]{0,60}",
        ) {
            if let Ok(arguments) = Arguments::read(&[(name, text)], &DECLARED) {
                let filter = MovieFilter::asked(&arguments);
                prop_assert!(filter.conditions.len() + usize::from(filter.query.is_some()) <= 1);
            }
        }
    }

    #[test]
    fn no_two_parameters_have_one_name() {
        let mut names: Vec<_> = DECLARED.iter().map(|parameter| &parameter.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), DECLARED.len());
    }
}
