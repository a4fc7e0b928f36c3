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
mod changes;
mod checkpoint;
mod facet;
mod facet_step;
mod fact;
mod in_process;
mod keys;
mod movie;
mod poison;
mod projection;
mod rating;
pub mod search;
#[cfg(feature = "suite")]
#[doc(hidden)]
pub mod suite;
mod tracked;

pub use change_feed::{ChangeFeed, FeedItem, ReadModelChanged};
pub use changes::{Changes, FacetChange, MovieChange, RatingChange, SearchChange};
pub use checkpoint::Checkpoint;
pub use facet::{FacetDocument, FacetKey, FacetKind};
pub use fact::Fact;
pub use in_process::InProcessChangeFeed;
pub use keys::{Keys, Loaded, StoredMovie};
pub use movie::{Facets, MovieDocument};
pub use poison::{Poison, PoisonReason};
pub use projection::{Outcome, Projection};
pub use rating::{RatingDocument, RatingState, RatingSummary, WithdrawnRating};
