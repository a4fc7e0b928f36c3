//! What the OpenAPI document says of commands. It says exactly what the code does: what satisfies a
//! schema is accepted, what does not is refused.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod answers;
mod bodies;
mod bulk;
mod document;
mod parameters;
mod receipts;
mod responses;
mod schemas;

pub(crate) use bodies::{GenreDescription, MoviePatch, MovieReplacement, NewMovie, RatingOfMine};
pub(crate) use bulk::{BulkLine, BulkLines, BulkResult, BulkResults};
pub(crate) use document::document;
pub(crate) use receipts::{GenreReceipt, MovieReceipt};
pub(crate) use responses::{
    BodyRefused, BulkAnswered, Conditional, Created, Deleted, Guarded, JobAnswered, JobRefused,
    JobResults, NotThere, Put, Receipted, Refused,
};
