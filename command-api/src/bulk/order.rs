//! What a line asks for: a film that is to be created, or an operation on one.

use domain::{Field, Invalid, Whole};
use events::MovieId;
use http_kit::{JsonBody, Problem};
use serde::Deserialize;
use serde_json::Value;

use crate::{problem::invalid, routes::MovieRequest};

/// What a line asks for.
#[derive(Debug)]
pub(crate) struct Order {
    pub(super) request: MovieRequest,
    /// The film that others know too; `None` for one that is to be created.
    pub(super) movie: Option<MovieId>,
    pub(super) expected_version: Option<u64>,
}

/// A line with an `op`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a JSON object")]
struct Operation {
    op: Field<Verb>,
    #[serde(default)]
    id: Field<MovieId>,
    /// Its shape is for the one to check that reads it.
    movie: Option<Value>,
    #[serde(default)]
    expected_version: Field<Whole>,
}

/// What can be done to a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Create,
    Put,
    Patch,
    Delete,
    Restore,
}

impl Verb {
    fn has_movie(self) -> bool {
        matches!(self, Self::Create | Self::Put | Self::Patch)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }
}

impl Order {
    /// Reads a line. A film that is to be created gets the id that `new_id` gives.
    ///
    /// # Errors
    /// What is wrong with the operation. What is wrong with the film is found when it is read.
    pub(crate) fn read(line: Value, new_id: impl FnOnce() -> MovieId) -> Result<Self, Problem> {
        if line.get("op").is_none() {
            let request = MovieRequest::Create(new_id(), line);
            return Ok(Self { request, movie: None, expected_version: None });
        }
        JsonBody(line).read::<Operation>()?.check(new_id).map_err(invalid)
    }
}

impl Operation {
    fn check(self, new_id: impl FnOnce() -> MovieId) -> Result<Order, Vec<Invalid>> {
        let mut wrong = Vec::new();
        let mut add = |pointer: &str, expected: String| {
            wrong.push(Invalid { pointer: pointer.to_owned(), expected });
        };
        let verb = match self.op {
            Field::Given(verb) => Some(verb),
            _ => {
                add("/op", "be create, put, patch, delete or restore".to_owned());
                None
            }
        };
        let creates = verb == Some(Verb::Create);
        let movie = match self.id {
            Field::Given(movie) if !creates => Some(movie),
            Field::Absent if creates => None,
            _ if creates => {
                add("/id", "be left out: a film that is created gets an id of its own".to_owned());
                None
            }
            _ => {
                add("/id", "be the UUID of a film, of 36 characters".to_owned());
                None
            }
        };
        let expected_version = match self.expected_version {
            Field::Absent => None,
            Field::Given(Whole(version)) if version >= 0 && !creates => u64::try_from(version).ok(),
            _ if creates => {
                add("/expected_version", "be left out of what is created".to_owned());
                None
            }
            _ => {
                add("/expected_version", "be a whole number from 0".to_owned());
                None
            }
        };
        match (verb, &self.movie) {
            (Some(verb), None) if verb.has_movie() => add("/movie", "be given".to_owned()),
            (Some(verb), Some(_)) if !verb.has_movie() => {
                add("/movie", format!("be left out of a {}", verb.name()));
            }
            _ => {}
        }
        let film = self.movie.unwrap_or_default();
        let request = match (verb, movie) {
            (Some(Verb::Create), _) => Some(MovieRequest::Create(new_id(), film)),
            (Some(Verb::Put), Some(movie)) => Some(MovieRequest::Put(movie, film)),
            (Some(Verb::Patch), Some(movie)) => Some(MovieRequest::Patch(movie, film)),
            (Some(Verb::Delete), Some(movie)) => Some(MovieRequest::Delete(movie)),
            (Some(Verb::Restore), Some(movie)) => Some(MovieRequest::Restore(movie)),
            (_, None) | (None, _) => None,
        };
        match request {
            Some(request) if wrong.is_empty() => Ok(Order { request, movie, expected_version }),
            _ => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::testing::ID;

    fn read(line: Value) -> Result<Order, Vec<String>> {
        let order = Order::read(line, || MovieId(Uuid::nil()));
        order.map_err(|problem| problem.field_errors().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_line_without_an_operation_is_a_film_that_is_to_be_created() {
        for line in [json!({"title": "A"}), json!([]), json!({})] {
            let order = read(line.clone()).unwrap();
            assert!(matches!(order.request, MovieRequest::Create(_, film) if film == line));
        }
    }

    #[test]
    fn operations_say_what_is_asked_of_which_film() {
        let line = json!({"op": "patch", "id": ID, "movie": {"year": 1}, "expected_version": 3.0});
        let order = read(line).unwrap();
        assert_eq!(order.expected_version, Some(3));
        assert!(matches!(order.request, MovieRequest::Patch(movie, _) if movie.to_string() == ID));
        for op in ["delete", "restore"] {
            assert!(read(json!({"op": op, "id": ID})).is_ok(), "{op}");
        }
        assert!(read(json!({"op": "put", "id": ID, "movie": []})).is_ok(), "read by its reader");
    }

    #[test]
    fn all_that_is_wrong_with_an_operation_is_said() {
        let wrong = |line: Value| read(line).unwrap_err();
        assert_eq!(wrong(json!({"op": "drop"})).len(), 2);
        assert_eq!(wrong(json!({"op": "put", "id": "mine", "expected_version": -1})).len(), 3);
        assert_eq!(
            wrong(json!({"op": "create", "id": ID, "movie": {}, "expected_version": 0})).len(),
            2
        );
        let line = json!({"op": "delete", "id": ID, "movie": {}});
        assert_eq!(wrong(line), ["/movie: must be left out of a delete"]);
        let unknown = wrong(json!({"op": "delete", "id": ID, "film": {}}));
        assert!(unknown[0].starts_with("/film: is not known here"), "{unknown:?}");
    }
}
