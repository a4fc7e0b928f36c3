//! Many commands in one request: NDJSON in, one line of it out for each line in, in order.
//!
//! - [`Lines`] cuts the input into lines, bounded in every way.
//! - [`Order`] is what a line asks for; it goes the way that the single command's route goes.
//! - [`Work`] has a number of lines under way at a time, in order for each film, and yields their
//!   [`LineResult`]s in the order of the lines.
//!
//! Nothing is read that there is no room for: whoever does not take results is not read from. This
//! module knows nothing of where lines come from or where results go: a connection, or files of a job.

mod lanes;
mod lines;
mod options;
mod order;
mod result;
mod sender;
mod work;

#[cfg(test)]
mod streaming;
#[cfg(test)]
mod tests;

pub use lanes::{Lanes, Turn};
pub(crate) use lines::{End, Input, LINE_BYTES_MAX, Lines};
pub use options::BulkOptions;
pub(crate) use options::Memory;
pub(crate) use order::Order;
pub(crate) use result::LineResult;
pub(crate) use sender::Sender;
pub(crate) use work::Work;

/// Where lines are sent, for the problems that they are answered with and for their keys.
pub(crate) const BULK_PATH: &str = "/v1/movies/bulk";

/// Lines of JSON have no registered name; this is the one that most use.
pub(crate) const MEDIA_TYPE: &str = "application/x-ndjson";
