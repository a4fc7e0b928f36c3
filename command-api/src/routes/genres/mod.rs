//! Curated genres.

pub(super) mod create;
pub(super) mod put;

use domain::genre::{Genre, GenreCommand};
use events::{Slug, StreamName};

use super::genre_subject;
use crate::{execute::Task, receipt::Success};

/// Something to do to a genre.
fn task(slug: &Slug, command: GenreCommand) -> Task<Genre> {
    Task {
        stream: StreamName::genre(slug),
        command,
        subject: genre_subject(slug),
        success: Success::Put,
        require_if_match: false,
        // A genre that films name is read before anybody has described it.
        is_seen_unwritten: true,
    }
}
