//! A read model as it is at one moment, while others go on writing.

use std::time::Duration;

use events::Digest;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use read_model::Checkpoint;
use sqlx::{Executor, PgConnection, Row as _, TypeInfo, ValueRef, postgres::PgRow};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    checkpoint,
    failure::store_error,
    line::{silent, within},
    tables::TABLES,
};
use crate::{
    StoreError,
    port::{Row, Snapshot, Table, Value},
    tables::{names, reading},
};

/// A transaction that sees one moment. Writers go on meanwhile, and the server keeps what they replace.
pub(super) struct PostgresSnapshot {
    connection: PgConnection,
    /// How long a row is waited for.
    patience: Duration,
    checkpoint: Checkpoint,
    digest: Digest,
}

impl PostgresSnapshot {
    pub(super) async fn begin(
        mut connection: PgConnection,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let (checkpoint, digest) = within(patience, begin(&mut connection)).await?;
        Ok(Self { connection, patience, checkpoint, digest })
    }
}

async fn begin(db: &mut PgConnection) -> Result<(Checkpoint, Digest), StoreError> {
    const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
    // Whole tables are read here.
    const PLANS: &str = "SET LOCAL enable_seqscan = on";
    db.execute(BEGIN).await.map_err(store_error)?;
    db.execute(PLANS).await.map_err(store_error)?;
    // The first read is what fixes the moment.
    checkpoint::read(db).await
}

impl Snapshot for PostgresSnapshot {
    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    fn digest(&self) -> Digest {
        self.digest
    }

    fn tables(&self) -> Vec<Table> {
        names(TABLES)
    }

    fn rows<'a>(&'a mut self, table: &Table) -> BoxStream<'a, Result<Row, StoreError>> {
        let sql = match reading(TABLES, table) {
            Ok(sql) => sql,
            Err(unknown) => return stream::iter([Err(unknown)]).boxed(),
        };
        // Rows come as they are asked for: the server waits while its client does not read.
        let rows = sqlx::query(sql).fetch(&mut self.connection);
        let patience = self.patience;
        let rows = stream::unfold(Some(rows), move |rows| async move {
            let mut rows = rows?;
            match timeout(patience, rows.next()).await {
                Ok(row) => Some((row?.map_err(store_error), Some(rows))),
                Err(_) => Some((Err(silent(patience)), None)),
            }
        });
        rows.map(|row| values(&row?)).boxed()
    }
}

fn values(row: &PgRow) -> Result<Row, StoreError> {
    let value = |index| -> Result<Value, sqlx::Error> {
        let raw = row.try_get_raw(index)?;
        Ok(match raw.type_info().name() {
            _ if raw.is_null() => Value::Null,
            "INT8" => Value::Integer(row.try_get(index)?),
            "INT2" => Value::Integer(i64::from(row.try_get::<i16, _>(index)?)),
            "BOOL" => Value::Integer(i64::from(row.try_get::<bool, _>(index)?)),
            "FLOAT8" => Value::Real(row.try_get(index)?),
            "UUID" => Value::Blob(row.try_get::<Uuid, _>(index)?.into_bytes().to_vec()),
            _ => Value::Text(row.try_get(index)?),
        })
    };
    (0..row.len()).map(value).collect::<Result<_, _>>().map_err(store_error)
}
