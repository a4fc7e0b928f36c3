//! Which life of a generation this is. A database that was restored has another life than the one that it was
//! restored from.

use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Row};

use super::session::Session;
use crate::store::StoreError;

/// The server, and how often a standby has taken over from it; the database and the table, whose ids are others after
/// a restore; and how often something was changed while the position stayed the same.
const LIFE: &str = "SELECT concat_ws(' ', (SELECT system_identifier FROM pg_control_system()), \
        (SELECT timeline_id FROM pg_control_checkpoint()), \
        (SELECT oid FROM pg_database WHERE datname = current_database()), \
        'checkpoint'::regclass::oid, amended) \
    FROM checkpoint WHERE one = 1";

/// The life as a number.
pub(super) async fn of(session: &Session) -> Result<u64, StoreError> {
    let row = session.row(&|| QueryBuilder::new(LIFE)).await?;
    let digest = Sha256::digest(row.try_get::<&str, _>(0)?.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Ok(u64::from_be_bytes(first))
}
