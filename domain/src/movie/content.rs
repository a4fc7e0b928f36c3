//! What a film is, and how part of it is changed.

use events::{MovieChanges, MovieDetails};
use jiff::civil::Date;

use crate::name;

/// All that an editor says of a film, checked and normalised.
///
/// Tags and platforms are sets: each name is in them once (by its slug), and their order says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MovieContent {
    /// The catalogue entry.
    pub details: MovieDetails,
    /// Free labels.
    pub tags: Vec<String>,
    /// Where it can be watched.
    pub platforms: Vec<String>,
}

/// Some of what an editor says of a film, checked and normalised: a JSON Merge Patch (RFC 7396). What
/// it does not mention stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MoviePatch {
    /// The details, but for the external ids: those are patched one by one.
    pub(super) changes: MovieChanges,
    pub(super) imdb: Option<Option<String>>,
    pub(super) tmdb: Option<Option<u32>>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) platforms: Option<Vec<String>>,
}

impl MoviePatch {
    /// What `content` is after the patch.
    ///
    /// The year of a film that has a release date is the year of that date, unless the patch or an
    /// earlier one says another: a patch that sets the date and does not mention the year sets both,
    /// and one that takes the year away leaves the year of the date.
    #[must_use]
    pub fn apply_to(&self, content: &MovieContent) -> MovieContent {
        let mut patched = content.clone();
        let details = &mut patched.details;
        self.changes.apply_to(details);
        if let Some(imdb) = &self.imdb {
            details.external_ids.imdb.clone_from(imdb);
        }
        if let Some(tmdb) = self.tmdb {
            details.external_ids.tmdb = tmdb;
        }
        let dated = details.release_date.map(Date::year);
        let follows =
            self.changes.year.is_none() && matches!(self.changes.release_date, Some(Some(_)));
        details.year = if follows { dated } else { details.year.or(dated) };
        if let Some(tags) = &self.tags {
            patched.tags.clone_from(tags);
        }
        if let Some(platforms) = &self.platforms {
            patched.platforms.clone_from(platforms);
        }
        patched
    }
}

impl MovieContent {
    /// Whether both say the same of a film, in whatever order they name tags and platforms.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let same_names = |ours: &[String], theirs: &[String]| {
            name::missing(ours, theirs).is_empty() && name::missing(theirs, ours).is_empty()
        };
        self.details == other.details
            && same_names(&self.tags, &other.tags)
            && same_names(&self.platforms, &other.platforms)
    }
}
