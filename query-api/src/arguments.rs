//! The arguments of a request: its query, read as the parameters that its route declares.

use http_kit::{FieldError, Problem, ProblemType, unknown_parameter};

use crate::parameter::{Argument, Parameter};

/// How many mistakes one answer lists.
const MAX_ERRORS: usize = 20;

/// The values that a request gave to the parameters of its route.
#[derive(Debug, Default)]
pub(crate) struct Arguments(Vec<(&'static str, Argument)>);

impl Arguments {
    /// Reads the pairs of a query string.
    ///
    /// # Errors
    /// `InvalidParameter`, with all that is wrong: unknown names, bad values, repetitions.
    pub(crate) fn read(
        pairs: &[(String, String)],
        declared: &'static [Parameter],
    ) -> Result<Self, Problem> {
        let mut arguments = Vec::with_capacity(pairs.len());
        let mut errors = Vec::new();
        for (name, text) in pairs {
            if errors.len() == MAX_ERRORS {
                break;
            }
            // What is wrong with a name again and again is said once.
            let mut refuse = |error: FieldError| {
                if !errors.contains(&error) {
                    errors.push(error);
                }
            };
            let Some(parameter) = declared.iter().find(|declared| declared.name == *name) else {
                refuse(unknown(name, declared));
                continue;
            };
            let known = parameter.name.as_str();
            let given = arguments.iter().filter(|(name, _)| *name == known).count();
            let most = parameter.form.most_times();
            if given >= most {
                let detail = format!("is given more than {most} times");
                refuse(FieldError::parameter(known, detail));
                continue;
            }
            match parameter.form.read(text) {
                Ok(argument) => arguments.push((known, argument)),
                Err(detail) => refuse(FieldError::parameter(known, detail)),
            }
        }
        if errors.is_empty() {
            return Ok(Self(arguments));
        }
        Err(Problem::new(ProblemType::InvalidParameter).errors(errors))
    }

    /// All values of a parameter, in the order they were given.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Argument> {
        self.0.iter().filter(move |(given, _)| *given == name).map(|(_, argument)| argument)
    }

    /// The value of a parameter that is a whole number.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.all(name).find_map(|argument| match argument {
            Argument::Integer(number) => Some(*number),
            _ => None,
        })
    }

    /// The value of a parameter that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).find_map(|argument| match argument {
            Argument::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The value of a parameter that is a list.
    pub(crate) fn list(&self, name: &str) -> Option<&[String]> {
        self.all(name).find_map(|argument| match argument {
            Argument::List(list) => Some(list.as_slice()),
            _ => None,
        })
    }
}

fn unknown(name: &str, declared: &[Parameter]) -> FieldError {
    let names: Vec<_> = declared.iter().map(|known| known.name.as_str()).collect();
    unknown_parameter(name, &names)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::parameter::Form;

    static DECLARED: LazyLock<Vec<Parameter>> = LazyLock::new(|| {
        let words = vec!["a".to_owned(), "b".to_owned()];
        vec![
            Parameter::new("year", Form::Integer { min: 1, max: 9999 }, ""),
            Parameter::new("rating[gte]", Form::Number { min: 0, max: 10 }, ""),
            Parameter::new("released", Form::Date, ""),
            Parameter::new("q", Form::Text { max_chars: 3 }, ""),
            Parameter::new("sort", Form::Words { of: words, most: 2 }, ""),
            Parameter::new("genre", Form::Names { most: 2 }, ""),
        ]
    });

    fn read(pairs: &[(&str, &str)]) -> Result<Arguments, Problem> {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Arguments::read(&pairs, &DECLARED)
    }

    #[test]
    fn a_whole_number_may_be_written_as_json_schema_lets_it_be() {
        for text in ["1994", "1994.0", "1.994e3", "1994.00"] {
            assert_eq!(read(&[("year", text)]).unwrap().integer("year"), Some(1994), "{text}");
        }
        for text in ["", "0", "10000", "1994.5", " 1994", "1994 ", "+5", "01", "x", "true", "null"]
        {
            assert!(read(&[("year", text)]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_number_is_one_of_json() {
        for text in ["7.5", "0", "10", "1e1", "-0.0", "5e-324", "10.000"] {
            assert!(read(&[("rating[gte]", text)]).is_ok(), "{text}");
        }
        for text in ["", "-1", "10.1", "inf", "NaN", ".5", "5.", "+5", "1e999", "1 "] {
            assert!(read(&[("rating[gte]", text)]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_day_has_the_form_of_rfc_3339_and_is_in_the_calendar() {
        assert!(read(&[("released", "2000-02-29")]).is_ok());
        for text in ["2001-02-29", "20000229", "2000-02-29T00:00:00Z", "2000-2-9", "+2000-02-2"] {
            assert!(read(&[("released", text)]).is_err(), "{text}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(read(&[("q", "七人の")]).is_ok());
        assert!(read(&[("q", "abcd")]).is_err());
        assert!(read(&[("q", "")]).is_err());
    }

    #[test]
    fn words_stand_between_commas_and_are_all_known() {
        let list = read(&[("sort", "b,a")]).unwrap();
        assert_eq!(list.list("sort").unwrap(), ["b", "a"]);
        for text in ["", "c", "a,", "a,b,a", "a, b"] {
            assert!(read(&[("sort", text)]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_may_be_repeated_and_blank_ones_are_passed_over() {
        let pairs = [("genre", "Drama,, Film Noir"), ("genre", "crime")];
        let arguments = read(&pairs).unwrap();
        let all: Vec<_> = arguments.all("genre").cloned().collect();
        let list =
            |names: &[&str]| Argument::List(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(all, [list(&["Drama", " Film Noir"]), list(&["crime"])]);
        assert!(read(&[("genre", " ,")]).is_err());
        assert!(read(&[("genre", "a"), ("genre", "b"), ("genre", "c")]).is_err());
    }

    #[test]
    fn a_parameter_that_is_no_list_is_given_once() {
        assert!(read(&[("year", "1994"), ("year", "1994")]).is_err());
    }

    #[test]
    fn an_unknown_name_is_refused_with_what_there_is() {
        let problem = read(&[("colour", "red"), ("Genre", "Drama")]).unwrap_err();
        let said: Vec<_> = problem.field_errors().iter().map(ToString::to_string).collect();
        let expected = [
            "colour: is not a parameter here; there are: year, rating[gte], released, q, sort, genre",
            "Genre: is not a parameter here; did you mean genre?",
        ];
        assert_eq!(said, expected);
    }
}
