//! Where files are kept that are too large for events: posters, exports. In a local folder, or in a store
//! that speaks S3.
//!
//! One type, [`Objects`], stands for either: both are `object_store`'s, and what differs between them is
//! evened out here, so that one suite of tests holds for both. Knows nothing of films, of HTTP, or of what
//! the files mean.

mod body;
mod content_type;
mod error;
mod leftovers;
mod limits;
mod listing;
mod measured;
mod name;
mod place;
mod probe;
mod reading;
#[cfg(feature = "s3")]
mod s3;
mod store;
mod upload;
mod writing;

#[cfg(feature = "s3")]
pub use self::s3::S3Options;
pub use self::{
    body::Body,
    content_type::ending_of,
    error::ObjectsError,
    limits::Limits,
    measured::describe_metrics,
    name::{Folder, NAME_BYTES_MAX, NameError, ObjectName, PART_BYTES_MAX, PARTS_MAX},
    probe::{Probe, Step},
    store::{Meta, Object, Objects, Stored},
};
