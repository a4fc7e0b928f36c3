//! The shape of what is read: documents, and how events become them.
//!
//! Everything here is pure but the change feed's in-process adapter, and nothing here knows of a
//! database or of HTTP. The projector stores what [`Projection`] yields; the query API reads it.
//!
//! - [`MovieDocument`], [`RatingDocument`] and [`FacetDocument`] are what is stored and shown.
//! - [`Projection`] folds events into them and says what changed.
//! - [`search`] says what text is indexed and how a query is read.
//! - [`ChangeFeed`] tells caches what changed.

mod change_feed;
mod checkpoint;
mod facet;
mod in_process;
mod movie;
mod rating;

pub use change_feed::{ChangeFeed, FeedItem, ReadModelChanged};
pub use checkpoint::Checkpoint;
pub use facet::{FacetDocument, FacetKey, FacetKind};
pub use in_process::InProcessChangeFeed;
pub use movie::MovieDocument;
pub use rating::{RatingDocument, RatingSummary};
