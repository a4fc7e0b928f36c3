//! How an event changes what is known of a film.

use events::Event;

use super::{Movie, MovieContent};
use crate::name;

pub(super) fn evolve(film: Movie, event: &Event) -> Movie {
    match (event, film) {
        (Event::MovieCreated(film), _) => Movie::Listed(Box::new(MovieContent {
            details: film.details.clone(),
            tags: film.tags.clone(),
            platforms: film.platforms.clone(),
        })),
        (Event::MovieDeleted(_), Movie::Listed(content)) => Movie::Deleted(content),
        (Event::MovieRestored(_), Movie::Deleted(content)) => Movie::Listed(content),
        (event, Movie::Listed(mut content)) => {
            change(&mut content, event);
            Movie::Listed(content)
        }
        (_, film) => film,
    }
}

fn change(content: &mut MovieContent, event: &Event) {
    match event {
        Event::MovieDetailsChanged(changed) => changed.changes.apply_to(&mut content.details),
        Event::MovieTagged(tagged) => name::add(&mut content.tags, &tagged.tags),
        Event::MovieUntagged(untagged) => name::remove(&mut content.tags, &untagged.tags),
        Event::MoviePlatformsAdded(added) => name::add(&mut content.platforms, &added.platforms),
        Event::MoviePlatformsRemoved(removed) => {
            name::remove(&mut content.platforms, &removed.platforms);
        }
        Event::MovieCreated(_)
        | Event::MovieDeleted(_)
        | Event::MovieRestored(_)
        | Event::MovieRated(_)
        | Event::RatingWithdrawn(_)
        | Event::GenreDescribed(_) => {}
    }
}
