//! What a command does to a film.

use events::{
    Event, MovieChanges, MovieCreated, MovieDeleted, MovieDetailsChanged, MovieId,
    MoviePlatformsAdded, MoviePlatformsRemoved, MovieRestored, MovieTagged, MovieUntagged, Slug,
};

use super::{Movie, MovieAction, MovieCommand, MovieContent, MovieRefusal, NameList};
use crate::{Name, limits::NAMES_MAX, name};

pub(super) fn decide(film: &Movie, command: &MovieCommand) -> Result<Vec<Event>, MovieRefusal> {
    let id = command.movie;
    match (&command.action, film) {
        (MovieAction::Create(content) | MovieAction::Put(content), Movie::Unknown) => {
            Ok(vec![created(id, content)])
        }
        (MovieAction::Create(_), Movie::Listed(_) | Movie::Deleted(_)) => Err(MovieRefusal::Exists),
        (MovieAction::Delete, Movie::Deleted(_)) | (MovieAction::Restore, Movie::Listed(_)) => {
            Ok(vec![])
        }
        (MovieAction::Restore, Movie::Deleted(_)) => {
            Ok(vec![MovieRestored { movie_id: id }.into()])
        }
        (MovieAction::Put(_), Movie::Deleted(_)) => Err(MovieRefusal::MustBeRestored),
        (_, Movie::Unknown) => Err(MovieRefusal::Unknown),
        (_, Movie::Deleted(_)) => Err(MovieRefusal::Deleted),
        (action, Movie::Listed(content)) => change(id, content, action),
    }
}

/// What an action does to a film that is listed.
fn change(
    id: MovieId,
    current: &MovieContent,
    action: &MovieAction,
) -> Result<Vec<Event>, MovieRefusal> {
    Ok(match action {
        MovieAction::Put(content) => difference(id, current, content),
        MovieAction::Patch(patch) => difference(id, current, &patch.apply_to(current)),
        MovieAction::Delete => vec![MovieDeleted { movie_id: id }.into()],
        MovieAction::Tag(tag) => tagged(id, new_name(&current.tags, tag, NameList::Tags)?),
        MovieAction::Untag(slug) => untagged(id, named(&current.tags, slug)),
        MovieAction::AddPlatform(platform) => {
            added(id, new_name(&current.platforms, platform, NameList::Platforms)?)
        }
        MovieAction::RemovePlatform(slug) => removed(id, named(&current.platforms, slug)),
        MovieAction::Create(_) | MovieAction::Restore => vec![],
    })
}

/// The events between two versions of a film.
fn difference(movie_id: MovieId, old: &MovieContent, new: &MovieContent) -> Vec<Event> {
    let changes = MovieChanges::between(&old.details, &new.details);
    let mut events = Vec::new();
    if !changes.is_empty() {
        events.push(MovieDetailsChanged { movie_id, changes }.into());
    }
    events.extend(untagged(movie_id, name::missing(&old.tags, &new.tags)));
    events.extend(tagged(movie_id, name::missing(&new.tags, &old.tags)));
    events.extend(removed(movie_id, name::missing(&old.platforms, &new.platforms)));
    events.extend(added(movie_id, name::missing(&new.platforms, &old.platforms)));
    events
}

/// `new`, unless it is among `names` already.
fn new_name(names: &[String], new: &Name, list: NameList) -> Result<Vec<String>, MovieRefusal> {
    if name::contains(names, &new.slug()) {
        return Ok(vec![]);
    }
    if names.len() >= NAMES_MAX {
        return Err(MovieRefusal::Full(list));
    }
    Ok(vec![new.as_str().to_owned()])
}

/// The name with this slug, as it is spelled among `names`.
fn named(names: &[String], slug: &Slug) -> Vec<String> {
    names.iter().filter(|name| Slug::of(name) == *slug).cloned().collect()
}

fn created(movie_id: MovieId, content: &MovieContent) -> Event {
    let MovieContent { details, tags, platforms } = content.clone();
    MovieCreated { movie_id, details, tags, platforms }.into()
}

fn tagged(movie_id: MovieId, tags: Vec<String>) -> Vec<Event> {
    if tags.is_empty() { vec![] } else { vec![MovieTagged { movie_id, tags }.into()] }
}

fn untagged(movie_id: MovieId, tags: Vec<String>) -> Vec<Event> {
    if tags.is_empty() { vec![] } else { vec![MovieUntagged { movie_id, tags }.into()] }
}

fn added(movie_id: MovieId, platforms: Vec<String>) -> Vec<Event> {
    if platforms.is_empty() {
        return vec![];
    }
    vec![MoviePlatformsAdded { movie_id, platforms }.into()]
}

fn removed(movie_id: MovieId, platforms: Vec<String>) -> Vec<Event> {
    if platforms.is_empty() {
        return vec![];
    }
    vec![MoviePlatformsRemoved { movie_id, platforms }.into()]
}
