//! What one person's rating looks like in JSON.

use read_model::RatingDocument;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One person's rating of a film.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rating {
    /// Who rated it: an opaque id.
    account_id: Uuid,
    /// From 1 (worst) to 10 (best).
    #[schema(minimum = 1, maximum = 10)]
    value: u8,
    /// When they last said so.
    #[schema(value_type = String, format = "date-time")]
    rated_at: jiff::Timestamp,
}

impl Rating {
    /// All fields, as `fields=` knows them.
    pub(crate) const FIELDS: [&'static str; 3] = ["account_id", "value", "rated_at"];

    /// The field that comes along whatever is asked for.
    pub(crate) const ALWAYS: &'static str = "value";
}

impl From<RatingDocument> for Rating {
    fn from(document: RatingDocument) -> Self {
        Self {
            account_id: document.account_id.0,
            value: document.value,
            rated_at: document.rated_at,
        }
    }
}
