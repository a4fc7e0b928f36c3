//! Whether a schema holds a generation that can be read: complete, of this version and of the right number. A
//! projector may be making it at this moment: until it is complete, it counts as missing.

use events::Position;
use sqlx::{QueryBuilder, Row, postgres::PgRow};

use super::{PostgresStoreOptions, checkpoint_of, session::Session};
use crate::store::StoreError;

/// The newest migration that is known here (`migrations/postgres/read-model`).
const NEWEST: i64 = 5;

/// The search path holds the generation's schema only, so no other table of this name is found.
const HAS_MIGRATIONS: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";

const MIGRATED_TO: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";

/// The checkpoint; and the schema of pg_trgm, if the words have an index of trigrams. It is quoted, since it is put
/// into statements.
const OPENING: &str = "SELECT generation, position, \
    (SELECT quote_ident(n.nspname) FROM pg_extension AS e \
     JOIN pg_namespace AS n ON n.oid = e.extnamespace \
     WHERE e.extname = 'pg_trgm' AND to_regclass('search_word_similar') IS NOT NULL) \
    FROM checkpoint WHERE one = 1";

/// Looks whether the generation is there. Gives the schema that pg_trgm is in, if words have an index of trigrams.
///
/// # Errors
/// [`StoreError::Missing`] if there is no generation, or it is not complete. [`StoreError::Foreign`] if it
/// is of a newer version, is another generation, or no read model at all.
pub(super) async fn look(
    session: &Session,
    options: &PostgresStoreOptions,
) -> Result<Option<String>, StoreError> {
    let place = options.place();
    let foreign =
        |reason: String| StoreError::Foreign { place: place.clone(), reason: reason.into() };
    let ask = async |sql| session.row(&|| QueryBuilder::new(sql)).await;
    if !ask(HAS_MIGRATIONS).await?.try_get::<bool, _>(0)? {
        return Err(StoreError::Missing(place));
    }
    let migrated_to = ask(MIGRATED_TO).await.map_err(|error| error.at(&place))?;
    match migrated_to.try_get::<i64, _>(0)? {
        version if version > NEWEST => {
            return Err(foreign("it was made by a newer version of Cinelog".to_owned()));
        }
        version if version < NEWEST => return Err(StoreError::Missing(place)),
        _ => {}
    }
    let seen = session.rows(&|| QueryBuilder::new(OPENING)).await;
    let Some(seen): Option<PgRow> = seen.map_err(|error| error.at(&place))?.pop() else {
        return Err(StoreError::Missing(place));
    };
    let checkpoint = checkpoint_of(&seen)?;
    if checkpoint.generation == options.generation {
        return Ok(seen.try_get(2)?);
    }
    // The projector makes the tables first, and only then writes which generation they are.
    match checkpoint.position {
        Position::START => Err(StoreError::Missing(place)),
        _ => Err(foreign(format!("it is generation {}", checkpoint.generation))),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_newest_migration_that_there_is_is_known_here() {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres/read-model");
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let numbers = files.filter_map(|name| name.to_str()?.split_once('_')?.0.parse().ok());
        assert_eq!(numbers.max(), Some(NEWEST));
    }
}
