//! Which life of a generation this is: what tells a database from the one that it was restored from.

use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Row};

use super::session::Session;
use crate::store::StoreError;

/// The server, and how often a standby has taken over from it; the table, which is another one after a
/// restore; and how often something was changed while the position stood still.
const LIFE: &str = "SELECT concat_ws(' ', (SELECT system_identifier FROM pg_control_system()), \
        (SELECT timeline_id FROM pg_control_checkpoint()), \
        (SELECT oid FROM pg_database WHERE datname = current_database()), \
        'checkpoint'::regclass::oid, amended) \
    FROM checkpoint WHERE one = 1";

/// A number of it.
pub(super) async fn of(session: &Session) -> Result<u64, StoreError> {
    let row = session.row(&|| QueryBuilder::new(LIFE)).await?;
    let digest = Sha256::digest(row.try_get::<&str, _>(0)?.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Ok(u64::from_be_bytes(first))
}
