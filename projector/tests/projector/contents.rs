//! All that a read model holds, in a form that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use events::{AccountId, MovieId, Position, RecordedEvent, Revision};
use futures::TryStreamExt;
use jiff::Timestamp;
use projector::port::{Row, Snapshot, Value};
use read_model::{
    FacetChange, FacetDocument, FacetKey, Fact, MovieDocument, Projection, RatingDocument,
    RatingState, SearchChange, WithdrawnRating,
};
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

/// A row, by the names of its columns.
pub(crate) struct Named {
    table: &'static str,
    columns: &'static [&'static str],
    row: Row,
}

impl Named {
    pub(crate) fn value(&self, column: &str) -> &Value {
        let index = self.columns.iter().position(|name| *name == column);
        &self.row[index.unwrap_or_else(|| panic!("{} has no {column}", self.table))]
    }

    pub(crate) fn text(&self, column: &str) -> &str {
        let Value::Text(text) = self.value(column) else { panic!("{column} is no text") };
        text
    }

    pub(crate) fn integer(&self, column: &str) -> i64 {
        let Value::Integer(number) = self.value(column) else { panic!("{column} is no integer") };
        *number
    }

    fn natural(&self, column: &str) -> u64 {
        u64::try_from(self.integer(column)).unwrap()
    }

    pub(crate) fn real(&self, column: &str) -> f64 {
        let Value::Real(number) = self.value(column) else { panic!("{column} is no real") };
        *number
    }

    pub(crate) fn id(&self, column: &str) -> Uuid {
        let Value::Blob(bytes) = self.value(column) else { panic!("{column} is no id") };
        Uuid::from_slice(bytes).unwrap()
    }
}

/// All rows of a table.
pub(crate) async fn rows(snapshot: &mut dyn Snapshot, name: &str) -> Vec<Named> {
    let table = snapshot.tables().into_iter().find(|table| table.name == name).unwrap();
    let named = |row| Named { table: table.name, columns: table.columns, row };
    let rows: Vec<Row> = snapshot.rows(&table).try_collect().await.unwrap();
    rows.into_iter().map(named).collect()
}

/// What a read model holds.
pub(crate) async fn stored(snapshot: &mut dyn Snapshot) -> Contents {
    let movies = rows(snapshot, "movie").await;
    let ids: BTreeMap<i64, MovieId> =
        movies.iter().map(|movie| (movie.integer("key"), MovieId(movie.id("id")))).collect();
    let members = rows(snapshot, "movie_facet").await;
    let member = |row: &Named| {
        let id = ids[&row.integer("movie_key")];
        (row.text("kind").to_owned(), row.text("slug").to_owned(), id)
    };
    let searched = rows(snapshot, "movie_search").await;
    let mut ratings: Vec<_> = rows(snapshot, "rating").await.iter().map(given).collect();
    ratings.extend(rows(snapshot, "withdrawn_rating").await.iter().map(withdrawn));
    ratings.sort_by_key(RatingState::key);
    let facets = rows(snapshot, "facet").await;
    let streams = rows(snapshot, "parked_stream").await;
    let events = rows(snapshot, "parked_event").await;
    Contents {
        position: snapshot.checkpoint().position,
        movies: movies.iter().map(movie).map(|movie| (movie.id, movie)).collect(),
        ratings,
        facets: facets.iter().map(facet).map(|facet| (facet.key(), facet)).collect(),
        members: members.iter().map(member).collect(),
        searched: searched.iter().map(|row| ids[&row.integer("movie_key")]).collect(),
        parked_streams: (streams.iter())
            .map(|row| {
                let why = (row.natural("position"), row.text("reason").to_owned());
                (row.text("stream").to_owned(), why)
            })
            .collect(),
        parked_events: (events.iter())
            .map(|row| (row.natural("position"), row.text("stream").to_owned()))
            .collect(),
    }
}

/// The films that a read model holds.
pub(crate) async fn movies(snapshot: &mut dyn Snapshot) -> BTreeMap<MovieId, MovieDocument> {
    rows(snapshot, "movie").await.iter().map(movie).map(|movie| (movie.id, movie)).collect()
}

fn movie(row: &Named) -> MovieDocument {
    serde_json::from_str(row.text("document")).unwrap()
}

fn given(row: &Named) -> RatingState {
    let (movie_id, account_id) = (MovieId(row.id("movie_id")), AccountId(row.id("account_id")));
    let rated_at = Timestamp::from_microsecond(row.integer("rated_at")).unwrap();
    let value = u8::try_from(row.integer("value")).unwrap();
    let revision = Revision(row.natural("revision"));
    RatingState::Given(RatingDocument { movie_id, account_id, value, rated_at, revision })
}

fn withdrawn(row: &Named) -> RatingState {
    let (movie_id, account_id) = (MovieId(row.id("movie_id")), AccountId(row.id("account_id")));
    let revision = Revision(row.natural("revision"));
    RatingState::Withdrawn(WithdrawnRating { movie_id, account_id, revision })
}

fn facet(row: &Named) -> FacetDocument {
    let facet: FacetDocument = serde_json::from_str(row.text("document")).unwrap();
    let columns =
        (row.text("kind"), row.text("slug"), row.text("name"), row.natural("movie_count"));
    let document = (facet.kind.as_str(), facet.slug.as_str(), facet.name.as_str());
    assert_eq!(columns, (document.0, document.1, document.2, facet.movie_count));
    facet
}
