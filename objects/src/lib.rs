//! Files that are too large for events: posters, exports. They are kept in a local folder, or in a store that speaks
//! S3.
//!
//! One type, [`Objects`], stands for both. Underneath is the library `object_store`; where its two stores differ,
//! this crate makes them behave alike, so that both pass one suite of tests. Knows nothing of films, of HTTP,
//! or of what the files mean.

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
    error::ObjectsError,
    limits::Limits,
    measured::describe_metrics,
    name::{Folder, NameError, ObjectName},
    probe::{ProbeError, Step},
    store::{Meta, Object, Objects, Stored},
};
