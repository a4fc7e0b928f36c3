//! `cinelog asyncapi`: print the AsyncAPI document.

use super::print;
use crate::error::Failure;

/// Prints the document, with a final line break.
pub(crate) fn asyncapi() -> Result<(), Failure> {
    print(&format!("{:#}\n", crate::asyncapi::document()))
}
