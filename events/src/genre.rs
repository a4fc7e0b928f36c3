//! What happens to a curated genre.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Slug;

/// A genre was given its name and description, or new ones.
///
/// A film that names a genre makes that genre; describing it is what an editor adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GenreDescribed {
    /// The genre.
    pub slug: Slug,
    /// How it is written, such as `Film Noir`.
    pub name: String,
    /// What it is, in prose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
