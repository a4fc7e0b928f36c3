//! Films in request bodies.

use domain::{
    Field, Invalid, Whole,
    movie::{MovieContent, MovieDraft, MoviePatch},
};
use http_kit::{JsonBody, Problem};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::problem::invalid;

/// What a film carries when it is read and no editor decides on.
///
/// To change a film, clients get it, edit the document and send it back, so a replacement and a patch
/// may hold these and exactly these: whatever they say is ignored, `revision` too, since a copy that is
/// carried along unthinkingly is no promise; who means it sends `If-Match` or `expected_version`. A new
/// film has none of them, so creating one refuses them: a client that sends an `id` would believe that
/// it was taken.
pub(crate) const READ_ONLY_FIELDS: &[&str] =
    &["id", "revision", "rating", "created_at", "updated_at", "links"];

/// A body that changes a film.
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Edit {
    #[serde(default)]
    expected_version: Field<Whole>,
    #[serde(flatten)]
    draft: MovieDraft,
}

/// A value of JSON as a draft of something.
pub(in crate::routes) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    JsonBody(value).read()
}

/// A whole film, and the version that it replaces.
pub(super) fn replacement(body: Value) -> Result<(Option<u64>, MovieContent), Problem> {
    edit(body, MovieDraft::into_content)
}

/// What is to change of a film, and the version that it changes.
pub(super) fn patch(body: Value) -> Result<(Option<u64>, MoviePatch), Problem> {
    edit(body, MovieDraft::into_patch)
}

fn edit<T>(
    body: Value,
    check: impl FnOnce(MovieDraft) -> Result<T, Vec<Invalid>>,
) -> Result<(Option<u64>, T), Problem> {
    let Edit { expected_version, draft } = read(body)?;
    let version = version(expected_version);
    let draft = check(draft.ignoring(READ_ONLY_FIELDS));
    match (version, draft) {
        (Ok(version), Ok(value)) => Ok((version, value)),
        (version, draft) => {
            let wrong = version.err().into_iter().chain(draft.err().into_iter().flatten());
            Err(invalid(wrong.collect()))
        }
    }
}

fn version(field: Field<Whole>) -> Result<Option<u64>, Invalid> {
    let version = match field {
        Field::Absent | Field::Null => return Ok(None),
        Field::Given(Whole(version)) => u64::try_from(version).ok(),
        Field::Wrong => None,
    };
    version.map(Some).ok_or_else(|| Invalid {
        pointer: "/expected_version".to_owned(),
        expected: "be a whole number from 0".to_owned(),
    })
}
