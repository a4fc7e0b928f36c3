//! What tests share: a read model of its own in either store, films to put into it, and requests.

mod answer;
mod model;
mod postgres;
mod sqlite;
mod writing;

use std::{path::Path, str::FromStr, sync::Arc};

use events::{AccountId, MovieDetails, MovieId, Revision};
use jiff::Timestamp;
use read_model::{MovieDocument, RatingSummary};

use self::sqlite::SqliteTables;
use crate::Store;

pub(crate) use answer::{Answer, Node, Sent};
pub(crate) use model::{REQUESTS_MAX, ReadModel};
pub(crate) use postgres::PostgresTables;

/// Where a read model is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// Makes a test of each of these functions on each kind of store.
macro_rules! on_every_store {
    ($($name:ident,)+) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::testing::Kind::Sqlite).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::testing::Kind::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_every_store;

/// The tables of a read model, as tests write them: as the projector does, but one thing at a time.
pub(crate) enum Tables {
    Sqlite(SqliteTables),
    Postgres(PostgresTables),
}

impl Tables {
    async fn new(kind: Kind, folder: &Path) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite(SqliteTables::new(folder).await),
            Kind::Postgres => Self::Postgres(PostgresTables::new().await),
        }
    }

    async fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(tables) => Arc::new(tables.store().await),
            Self::Postgres(tables) => Arc::new(tables.store().await),
        }
    }

    /// Writes films, and the next position where one is given, in one transaction.
    async fn write(&self, films: &[MovieDocument], position: Option<u64>) {
        match self {
            Self::Sqlite(tables) => tables.write(films, position).await,
            Self::Postgres(tables) => tables.write(films, position).await,
        }
    }

    async fn put_rating(&self, film: MovieId, account: AccountId, value: u8, minute: i64) {
        match self {
            Self::Sqlite(tables) => tables.put_rating(film, account, value, minute).await,
            Self::Postgres(tables) => tables.put_rating(film, account, value, minute).await,
        }
    }

    /// Makes the next generation of it.
    async fn rebuild(&self) {
        match self {
            Self::Sqlite(tables) => tables.rebuild().await,
            Self::Postgres(tables) => tables.rebuild().await,
        }
    }
}

/// A film of which only the title is known.
pub(crate) fn film(title: &str) -> MovieDocument {
    let at = Timestamp::from_str("2024-05-01T12:00:00Z").unwrap();
    MovieDocument {
        id: MovieId::from_source(title),
        revision: Revision(1),
        rating_revision: 0,
        details: MovieDetails { title: title.to_owned(), ..MovieDetails::default() },
        tags: Vec::new(),
        platforms: Vec::new(),
        rating: RatingSummary::default(),
        created_at: at,
        updated_at: at,
        deleted: false,
    }
}

/// Texts of their own.
pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
