//! What commands make caches on the way forget (`Cache-Group-Invalidation`, RFC 9875).
//!
//! It is a hint, and given before the read side has heard of what was done: a cache that follows it asks
//! again a little sooner. Who must not miss anything follows the read side's own news.

use http_kit::CacheGroup;

use crate::receipt::SubjectId;

const MOVIES: CacheGroup = CacheGroup::all("movies");
const GENRES: CacheGroup = CacheGroup::all("genres");
const TAGS: CacheGroup = CacheGroup::all("tags");
const PLATFORMS: CacheGroup = CacheGroup::all("platforms");
const PEOPLE: CacheGroup = CacheGroup::all("people");

/// What may look different after events of these types about this subject. Nothing where there are none.
pub(crate) fn groups<'e>(
    subject: &SubjectId,
    event_types: impl IntoIterator<Item = &'e str>,
) -> Vec<CacheGroup> {
    let mut groups: Vec<CacheGroup> = event_types.into_iter().flat_map(of_event).cloned().collect();
    if !groups.is_empty() {
        groups.push(match subject {
            SubjectId::Id(movie) => CacheGroup::one(movie.0),
            SubjectId::Slug(slug) => CacheGroup::named("genre", slug.as_str()),
        });
    }
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The lists that an event of this type may change. One of a type that is not known here changes any.
fn of_event(event_type: &str) -> &'static [CacheGroup] {
    match event_type {
        "MovieRated" | "RatingWithdrawn" => &[MOVIES],
        "MovieTagged" | "MovieUntagged" => &[MOVIES, TAGS],
        "MoviePlatformsAdded" | "MoviePlatformsRemoved" => &[MOVIES, PLATFORMS],
        "GenreDescribed" => &[GENRES],
        _ => &[MOVIES, GENRES, TAGS, PLATFORMS, PEOPLE],
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::testing::{Answered, Api, FILM, ID};

    fn said(answer: &Answered) -> Vec<&str> {
        let header = answer.header("cache-group-invalidation");
        header.split(", ").map(|group| group.trim_matches('"')).collect()
    }

    #[tokio::test]
    async fn a_command_names_the_film_and_the_lists_that_it_may_have_changed() {
        let api = Api::start().await;
        let film = api.film().await;
        let own = ID.replace('-', "");
        let tagged = api.ask("PUT", &format!("{film}/tags/blue")).send().await;
        assert_eq!(said(&tagged), ["movies", "tags", &own]);
        let rating = format!("{film}/ratings/me");
        let rated = api.ask("PUT", &rating).json(r#"{"value": 7}"#).send().await;
        assert_eq!(said(&rated), ["movies", &own]);
        let deleted = api.ask("DELETE", &film).send().await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        let all = ["genres", "movies", "people", "platforms", "tags", &own];
        assert_eq!(said(&deleted), all);
    }

    #[tokio::test]
    async fn a_described_genre_is_named_with_the_list_that_it_is_in() {
        let api = Api::start().await;
        let answer = api.ask("PUT", "/v1/genres/noir").json(r#"{"name": "Noir"}"#).send().await;
        assert_eq!(said(&answer)[0], "genres");
        assert_eq!(said(&answer)[1].len(), 32);
    }

    #[tokio::test]
    async fn what_changed_nothing_invalidates_nothing() {
        let api = Api::start().await;
        let film = api.film().await;
        let same = api.ask("PUT", &film).json(FILM).send().await;
        assert!(same.event_types().is_empty());
        let trial = api.ask("PUT", &format!("{film}/tags/blue?dry_run=true")).send().await;
        assert_eq!(trial.status, StatusCode::OK);
        let refused = api.ask("PUT", &film).json(r#"{"title": ""}"#).send().await;
        for answer in [same, trial, refused] {
            assert_eq!(said(&answer), [""]);
        }
    }
}
