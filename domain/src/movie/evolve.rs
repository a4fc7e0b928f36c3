//! How an event changes what is known of a film.

use events::Event;

use super::{Movie, MovieContent};

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
        Event::MovieTagged(tagged) => tagged.apply_to(&mut content.tags),
        Event::MovieUntagged(untagged) => untagged.apply_to(&mut content.tags),
        Event::MoviePlatformsAdded(added) => added.apply_to(&mut content.platforms),
        Event::MoviePlatformsRemoved(removed) => removed.apply_to(&mut content.platforms),
        Event::MovieCreated(_)
        | Event::MovieDeleted(_)
        | Event::MovieRestored(_)
        | Event::MovieRated(_)
        | Event::RatingWithdrawn(_)
        | Event::GenreDescribed(_) => {}
    }
}
