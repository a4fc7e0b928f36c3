//! `cinelog openapi`: print the OpenAPI document.

use super::print;
use crate::error::Failure;

/// Prints the document, with a final line break.
pub(crate) fn openapi() -> Result<(), Failure> {
    let document = crate::openapi::document().map_err(|error| Failure::Other(error.to_string()))?;
    print(&format!("{document:#}\n"))
}
