//! All that a read model holds, in a form that can be compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use events::{AccountId, MovieId, Position, RecordedEvent, Revision};
use jiff::Timestamp;
use read_model::{
    FacetChange, FacetDocument, FacetKey, Fact, MovieDocument, Projection, RatingDocument,
    RatingState, SearchChange, WithdrawnRating,
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Contents {
    pub(crate) position: Position,
    pub(crate) movies: BTreeMap<MovieId, MovieDocument>,
    ratings: Vec<RatingState>,
    facets: BTreeMap<FacetKey, FacetDocument>,
    members: BTreeSet<(String, String, MovieId)>,
    searched: BTreeSet<MovieId>,
    pub(crate) parked_streams: BTreeMap<String, (u64, String)>,
    pub(crate) parked_events: BTreeMap<u64, String>,
}

pub(crate) async fn reader(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// What a fresh fold of the whole history comes to, without any store.
pub(crate) fn folded(events: &[RecordedEvent]) -> Contents {
    let mut projection = Projection::default();
    for event in events {
        if let Err(poison) = projection.apply(&Fact::read(event)) {
            projection.park(poison);
        }
    }
    let changes = projection.into_changes(Vec::new());
    let position = events.last().map_or(Position::START, |event| event.position);
    let mut contents = Contents { position, ..Contents::default() };
    for change in changes.movies {
        let id = change.document.id;
        let member = |(kind, slug): FacetKey| (kind.to_string(), slug.to_string(), id);
        contents.members.extend(change.joined.into_iter().map(member));
        if matches!(change.search, SearchChange::Store(_)) {
            contents.searched.insert(id);
        }
        contents.movies.insert(id, change.document);
    }
    contents.ratings = changes.ratings.into_iter().map(|rating| rating.now).collect();
    contents.ratings.sort_by_key(RatingState::key);
    for change in changes.facets {
        let FacetChange::Store(facet) = change else { panic!("a fresh fold removes nothing") };
        contents.facets.insert(facet.key(), facet);
    }
    for poison in changes.poison {
        let reason = (poison.position.0, poison.reason.to_string());
        contents.parked_streams.insert(poison.stream.to_string(), reason);
    }
    let parked = changes.parked.into_iter().map(|(at, stream)| (at.0, stream.to_string()));
    contents.parked_events = parked.collect();
    contents
}

/// What the file at `path` holds.
pub(crate) async fn stored(path: &Path) -> Contents {
    let mut db = reader(path).await;
    let position: u64 =
        sqlx::query_scalar("SELECT position FROM checkpoint").fetch_one(&mut db).await.unwrap();
    let movies: Vec<String> =
        sqlx::query_scalar("SELECT document FROM movie").fetch_all(&mut db).await.unwrap();
    let movies = movies.iter().map(|json| serde_json::from_str::<MovieDocument>(json).unwrap());
    let ratings: Vec<(Uuid, Uuid, u8, i64, u64)> =
        sqlx::query_as("SELECT movie_id, account_id, value, rated_at, revision FROM rating")
            .fetch_all(&mut db)
            .await
            .unwrap();
    let ratings = ratings.into_iter().map(|(movie, account, value, rated_at, revision)| {
        let (movie_id, account_id) = (MovieId(movie), AccountId(account));
        let rated_at = Timestamp::from_microsecond(rated_at).unwrap();
        let revision = Revision(revision);
        RatingState::Given(RatingDocument { movie_id, account_id, value, rated_at, revision })
    });
    let withdrawn: Vec<(Uuid, Uuid, u64)> =
        sqlx::query_as("SELECT movie_id, account_id, revision FROM withdrawn_rating")
            .fetch_all(&mut db)
            .await
            .unwrap();
    let withdrawn = withdrawn.into_iter().map(|(movie, account, revision)| {
        let (movie_id, account_id) = (MovieId(movie), AccountId(account));
        let revision = Revision(revision);
        RatingState::Withdrawn(WithdrawnRating { movie_id, account_id, revision })
    });
    let mut ratings: Vec<_> = ratings.chain(withdrawn).collect();
    ratings.sort_by_key(RatingState::key);
    let facets: Vec<(String, String, String, u64, String)> =
        sqlx::query_as("SELECT kind, slug, name, movie_count, document FROM facet")
            .fetch_all(&mut db)
            .await
            .unwrap();
    let facets = facets.into_iter().map(|(kind, slug, name, movie_count, json)| {
        let facet: FacetDocument = serde_json::from_str(&json).unwrap();
        let columns = (kind.as_str(), slug.as_str(), name.as_str(), movie_count);
        let document = (facet.kind.as_str(), facet.slug.as_str(), facet.name.as_str());
        assert_eq!(columns, (document.0, document.1, document.2, facet.movie_count));
        (facet.key(), facet)
    });
    let members: Vec<(String, String, Uuid)> = sqlx::query_as(
        "SELECT kind, slug, id FROM movie_facet JOIN movie ON movie.key = movie_key",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let searched: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM movie_search LEFT JOIN movie ON movie.key = movie_search.rowid",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let streams: Vec<(String, u64, String)> =
        sqlx::query_as("SELECT stream, position, reason FROM parked_stream")
            .fetch_all(&mut db)
            .await
            .unwrap();
    let events: Vec<(u64, String)> = sqlx::query_as("SELECT position, stream FROM parked_event")
        .fetch_all(&mut db)
        .await
        .unwrap();
    Contents {
        position: Position(position),
        movies: movies.map(|movie| (movie.id, movie)).collect(),
        ratings,
        facets: facets.collect(),
        members: members.into_iter().map(|(kind, slug, id)| (kind, slug, MovieId(id))).collect(),
        searched: searched.into_iter().map(MovieId).collect(),
        parked_streams: streams.into_iter().map(|(name, at, why)| (name, (at, why))).collect(),
        parked_events: events.into_iter().collect(),
    }
}
