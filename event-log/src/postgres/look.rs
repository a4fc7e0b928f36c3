//! What the log holds as far as a batch is concerned: one trip, whatever its size, and one moment.

use std::collections::HashMap;

use events::{EventId, Position, Revision, StreamName};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::presumption::Presumption;
use crate::{
    Append,
    group_commit::{Ledger, Place},
    sql::number,
};

/// The head of the log; the heads of the streams ($1) in their order; where those of the ids ($2) stand that
/// are there; those of the keys ($3) that are taken. OFFSET 0 keeps the planner from joining otherwise
/// than from the few to the index.
const LOOK: &str = "
    SELECT coalesce((SELECT max(position) FROM cinelog_log.event), 0) AS head,
           ARRAY(SELECT coalesce((SELECT max(e.revision) FROM cinelog_log.event e WHERE e.stream = s.name), 0)
                 FROM unnest($1::text[]) WITH ORDINALITY AS s(name, n) ORDER BY s.n) AS heads,
           known.*,
           ARRAY(SELECT k.key FROM unnest($3::text[]) AS i(key)
                 CROSS JOIN LATERAL (SELECT k.key FROM cinelog_log.idempotency k
                                     WHERE k.key = i.key OFFSET 0) AS k) AS taken_keys
    FROM (SELECT coalesce(array_agg(e.id), '{}') AS known_ids,
                 coalesce(array_agg(e.stream), '{}') AS known_streams,
                 coalesce(array_agg(e.revision), '{}') AS known_revisions,
                 coalesce(array_agg(e.position), '{}') AS known_positions
          FROM unnest($2::uuid[]) AS i(id)
          CROSS JOIN LATERAL (SELECT * FROM cinelog_log.event e WHERE e.id = i.id OFFSET 0) AS e) AS known";

/// Reads the ledger of a batch.
pub(super) async fn look(
    connection: &mut PgConnection,
    appends: &[&Append],
) -> Result<Presumption, sqlx::Error> {
    let own = appends.iter().map(|append| &append.stream);
    let given = appends.iter().filter_map(|append| append.given.as_ref().map(|(stream, _)| stream));
    let streams: Vec<&StreamName> = own.chain(given).collect();
    let ids = appends.iter().flat_map(|append| &append.events).map(|event| event.id.0);
    let keys = appends.iter().filter_map(|append| Some(append.idempotency.as_ref()?.key.as_str()));
    let row = sqlx::query(LOOK)
        .bind(streams.iter().map(|stream| stream.as_str()).collect::<Vec<_>>())
        .bind(ids.collect::<Vec<_>>())
        .bind(keys.collect::<Vec<_>>())
        .fetch_one(connection)
        .await?;
    let heads: Vec<i64> = row.try_get("heads")?;
    let mut revisions = HashMap::with_capacity(streams.len());
    for (stream, revision) in streams.into_iter().zip(heads) {
        revisions.insert(stream.clone(), Revision(number(revision)?));
    }
    let ledger = Ledger {
        head: Position(number(row.try_get("head")?)?),
        revisions,
        places: places(&row)?,
        keys: row.try_get::<Vec<String>, _>("taken_keys")?.into_iter().collect(),
    };
    Ok(Presumption::seen(ledger))
}

fn places(row: &PgRow) -> Result<HashMap<EventId, Place>, sqlx::Error> {
    let ids: Vec<Uuid> = row.try_get("known_ids")?;
    let streams: Vec<String> = row.try_get("known_streams")?;
    let revisions: Vec<i64> = row.try_get("known_revisions")?;
    let positions: Vec<i64> = row.try_get("known_positions")?;
    let places = ids.into_iter().zip(streams).zip(revisions).zip(positions);
    places
        .map(|(((id, stream), revision), position)| {
            let place = Place {
                stream: StreamName::new(stream)
                    .map_err(|error| sqlx::Error::Decode(error.into()))?,
                revision: Revision(number(revision)?),
                position: Position(number(position)?),
            };
            Ok((EventId(id), place))
        })
        .collect()
}
