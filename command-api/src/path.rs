//! Parameters of paths. All that are wrong are named at once.

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use domain::Name;
use events::MovieId;
use http::request::Parts;
use http_kit::{FieldError, Path, Problem, ProblemType};
use uuid::Uuid;

/// Declares the parameters of a path: the name of each, its type, and the check that makes it.
macro_rules! path {
    ($($(#[$doc:meta])* $path:ident { $($name:ident: $kind:ty = $check:path),+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(crate) struct $path {
                $(pub(crate) $name: $kind),+
            }

            impl<S: Send + Sync> FromRequestParts<S> for $path {
                type Rejection = Problem;

                async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                    let Path(texts): Path<HashMap<String, String>> =
                        Path::from_request_parts(parts, state).await?;
                    let text = |name: &str| texts.get(name).map_or("", String::as_str);
                    let mut errors = Vec::new();
                    $(
                        let $name = $check(text(stringify!($name))).map_err(|must: String| {
                            errors.push(FieldError::parameter(stringify!($name), must));
                        });
                    )+
                    match ($($name,)+) {
                        ($(Ok($name),)+) => Ok(Self { $($name),+ }),
                        _ => Err(Problem::new(ProblemType::InvalidParameter).errors(errors)),
                    }
                }
            }
        )+
    };
}

path! {
    /// `/v1/movies/{id}…`
    MoviePath { id: MovieId = movie_id }
    /// `/v1/jobs/{id}…`
    JobPath { id: Uuid = uuid }
    /// `/v1/movies/{id}/tags/{tag}`
    TagPath { id: MovieId = movie_id, tag: Name = name }
    /// `/v1/movies/{id}/platforms/{platform}`
    PlatformPath { id: MovieId = movie_id, platform: Name = name }
    /// `/v1/genres/{slug}`: the slug, or a name that has it.
    GenrePath { slug: Name = name }
}

fn movie_id(text: &str) -> Result<MovieId, String> {
    uuid(text).map(MovieId)
}

/// An id, in the one form that the schema promises: 8-4-4-4-12 hexadecimal digits.
fn uuid(text: &str) -> Result<Uuid, String> {
    /// Other forms of the same UUID are shorter (no hyphens) or longer (braces, `urn:uuid:`).
    const HYPHENATED_BYTES: usize = 36;
    let hyphenated = text.len() == HYPHENATED_BYTES;
    let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
    id.ok_or_else(|| {
        "must be a UUID of 36 characters, such as 0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b".to_owned()
    })
}

fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|invalid| invalid.to_string())
}
