//! What can happen to a film, told as given, when, then.

use events::{
    Event, MovieChanges, MovieCreated, MovieDeleted, MovieDetails, MovieDetailsChanged, MovieId,
    MoviePlatformsAdded, MoviePlatformsRemoved, MovieRestored, MovieTagged, MovieUntagged, Slug,
};
use uuid::Uuid;

use super::{Movie, MovieAction, MovieCommand, MovieContent, MovieDraft, MovieRefusal, NameList};
use crate::{Name, limits::NAMES_MAX, scenario::given};

const FILM: MovieId = MovieId(Uuid::from_u128(1));

fn to(action: MovieAction) -> MovieCommand {
    MovieCommand { movie: FILM, action }
}

fn content(json: &str) -> Box<MovieContent> {
    let draft: MovieDraft = serde_json::from_str(json).unwrap();
    Box::new(draft.into_content().unwrap())
}

fn patch(json: &str) -> MovieCommand {
    let draft: MovieDraft = serde_json::from_str(json).unwrap();
    to(MovieAction::Patch(Box::new(draft.into_patch().unwrap())))
}

fn put(json: &str) -> MovieCommand {
    to(MovieAction::Put(content(json)))
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const IN_THE_MOOD: &str =
    r#"{"title": "In the Mood for Love", "year": 2000, "tags": ["slow"], "platforms": ["MUBI"]}"#;

fn created() -> Event {
    MovieCreated {
        movie_id: FILM,
        details: MovieDetails {
            title: "In the Mood for Love".to_owned(),
            year: Some(2000),
            ..MovieDetails::default()
        },
        tags: strings(&["slow"]),
        platforms: strings(&["MUBI"]),
    }
    .into()
}

fn details_changed(changes: MovieChanges) -> Event {
    MovieDetailsChanged { movie_id: FILM, changes }.into()
}

fn tagged(tags: &[&str]) -> Event {
    MovieTagged { movie_id: FILM, tags: strings(tags) }.into()
}

fn untagged(tags: &[&str]) -> Event {
    MovieUntagged { movie_id: FILM, tags: strings(tags) }.into()
}

fn added(platforms: &[&str]) -> Event {
    MoviePlatformsAdded { movie_id: FILM, platforms: strings(platforms) }.into()
}

fn removed(platforms: &[&str]) -> Event {
    MoviePlatformsRemoved { movie_id: FILM, platforms: strings(platforms) }.into()
}

fn deleted() -> Event {
    MovieDeleted { movie_id: FILM }.into()
}

fn restored() -> Event {
    MovieRestored { movie_id: FILM }.into()
}

#[test]
fn a_new_film_can_be_created() {
    given::<Movie>([]).when(to(MovieAction::Create(content(IN_THE_MOOD)))).then([created()]);
}

#[test]
fn a_film_that_is_put_where_none_was_is_created() {
    given::<Movie>([]).when(put(IN_THE_MOOD)).then([created()]);
}

#[test]
fn an_id_that_has_been_used_is_not_new() {
    let create = || to(MovieAction::Create(content(IN_THE_MOOD)));
    given::<Movie>([created()]).when(create()).then_refused(MovieRefusal::Exists);
    given::<Movie>([created(), deleted()]).when(create()).then_refused(MovieRefusal::Exists);
}

#[test]
fn putting_what_is_there_is_no_news() {
    given::<Movie>([created()]).when(put(IN_THE_MOOD)).then_nothing();
}

#[test]
fn the_order_of_tags_says_nothing() {
    given::<Movie>([created(), tagged(&["blue"])])
        .when(patch(r#"{"tags": ["blue", "slow"]}"#))
        .then_nothing();
}

#[test]
fn putting_a_film_says_only_what_differs() {
    given::<Movie>([created()])
        .when(put(r#"{"title": "花樣年華", "tags": ["slow", "blue"], "platforms": []}"#))
        .then([
            details_changed(MovieChanges {
                title: Some("花樣年華".to_owned()),
                year: Some(None),
                ..MovieChanges::default()
            }),
            tagged(&["blue"]),
            removed(&["MUBI"]),
        ]);
}

#[test]
fn a_patch_changes_only_what_it_names() {
    given::<Movie>([created()])
        .when(patch(r#"{"runtime_minutes": 98, "platforms": ["MUBI", "Criterion"]}"#))
        .then([
            details_changed(MovieChanges {
                runtime_minutes: Some(Some(98)),
                ..MovieChanges::default()
            }),
            added(&["Criterion"]),
        ]);
}

#[test]
fn an_empty_patch_is_no_news() {
    given::<Movie>([created()]).when(patch("{}")).then_nothing();
}

#[test]
fn a_patch_of_one_external_id_keeps_the_other() {
    let film = given::<Movie>([
        created(),
        details_changed(MovieChanges {
            external_ids: Some(events::ExternalIds {
                imdb: Some("tt0118694".to_owned()),
                tmdb: Some(843),
            }),
            ..MovieChanges::default()
        }),
    ]);
    film.when(patch(r#"{"external_ids": {"tmdb": null}}"#)).then([details_changed(MovieChanges {
        external_ids: Some(events::ExternalIds { imdb: Some("tt0118694".to_owned()), tmdb: None }),
        ..MovieChanges::default()
    })]);
}

#[test]
fn a_tag_whose_spelling_changes_is_taken_off_and_put_on() {
    given::<Movie>([created()])
        .when(patch(r#"{"tags": ["Slow"]}"#))
        .then([untagged(&["slow"]), tagged(&["Slow"])]);
}

#[test]
fn a_tag_can_be_put_on_and_taken_off() {
    given::<Movie>([created()]).when(to(MovieAction::Tag(name("Blue")))).then([tagged(&["Blue"])]);
    given::<Movie>([created(), tagged(&["Blue"])])
        .when(to(MovieAction::Untag(Slug::of("blue"))))
        .then([untagged(&["Blue"])]);
}

#[test]
fn putting_on_a_tag_that_is_there_and_taking_off_one_that_is_not_are_no_news() {
    given::<Movie>([created()]).when(to(MovieAction::Tag(name("SLOW")))).then_nothing();
    given::<Movie>([created()]).when(to(MovieAction::Untag(Slug::of("blue")))).then_nothing();
}

#[test]
fn a_film_can_be_watched_in_more_places_and_in_fewer() {
    given::<Movie>([created()])
        .when(to(MovieAction::AddPlatform(name("Criterion"))))
        .then([added(&["Criterion"])]);
    given::<Movie>([created()])
        .when(to(MovieAction::RemovePlatform(Slug::of("mubi"))))
        .then([removed(&["MUBI"])]);
    given::<Movie>([created()]).when(to(MovieAction::AddPlatform(name("Mubi")))).then_nothing();
}

#[test]
fn a_film_has_so_many_tags_and_platforms_and_no_more() {
    let many: Vec<String> = (1..NAMES_MAX).map(|n| format!("n{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    given::<Movie>([created(), tagged(&many)])
        .when(to(MovieAction::Tag(name("one more"))))
        .then_refused(MovieRefusal::Full(NameList::Tags));
    given::<Movie>([created(), added(&many)])
        .when(to(MovieAction::AddPlatform(name("one more"))))
        .then_refused(MovieRefusal::Full(NameList::Platforms));
    given::<Movie>([created(), tagged(&many)])
        .when(to(MovieAction::Tag(name("N7"))))
        .then_nothing();
}

#[test]
fn a_film_can_be_deleted_and_restored() {
    given::<Movie>([created()]).when(to(MovieAction::Delete)).then([deleted()]);
    given::<Movie>([created(), deleted()]).when(to(MovieAction::Restore)).then([restored()]);
    given::<Movie>([created(), deleted(), restored()]).when(put(IN_THE_MOOD)).then_nothing();
}

#[test]
fn deleting_what_is_deleted_and_restoring_what_is_listed_are_no_news() {
    given::<Movie>([created(), deleted()]).when(to(MovieAction::Delete)).then_nothing();
    given::<Movie>([created()]).when(to(MovieAction::Restore)).then_nothing();
}

#[test]
fn a_deleted_film_cannot_be_changed() {
    for command in [
        patch("{}"),
        to(MovieAction::Tag(name("slow"))),
        to(MovieAction::Untag(Slug::of("slow"))),
        to(MovieAction::AddPlatform(name("MUBI"))),
        to(MovieAction::RemovePlatform(Slug::of("mubi"))),
    ] {
        given::<Movie>([created(), deleted()]).when(command).then_refused(MovieRefusal::Deleted);
    }
}

#[test]
fn a_deleted_film_is_restored_before_it_is_replaced() {
    given::<Movie>([created(), deleted()])
        .when(put(IN_THE_MOOD))
        .then_refused(MovieRefusal::MustBeRestored);
}

#[test]
fn a_film_that_never_was_cannot_be_changed_deleted_or_restored() {
    for command in [
        patch("{}"),
        to(MovieAction::Delete),
        to(MovieAction::Restore),
        to(MovieAction::Tag(name("slow"))),
        to(MovieAction::Untag(Slug::of("slow"))),
        to(MovieAction::AddPlatform(name("MUBI"))),
        to(MovieAction::RemovePlatform(Slug::of("mubi"))),
    ] {
        given::<Movie>([]).when(command).then_refused(MovieRefusal::Unknown);
    }
}
