//! A curated genre. A film that names a genre makes it; what an editor adds is how it is written and
//! what it is.

mod aggregate;
mod command;
mod draft;
mod refusal;

pub use aggregate::Genre;
pub use command::{GenreCommand, GenreContent};
pub use draft::GenreDraft;
pub use refusal::GenreRefusal;
