//! What reading the trail takes: the statement, and what a row of it says.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Filter, Kind, Outcome, Place, Recorded};
use crate::store::{Row, Statement, StoreError, micros, query, timestamp};

/// Every entry before a place, which may be the end of time.
const SELECT: &str = "SELECT id, at_us, kind, outcome, account, actor, address, request_id, times,
                             details
                      FROM audit_entry WHERE (at_us, id) < ($2, $3)";

/// The statement that reads a page. Each condition stands in it only where it was asked for, so that an index
/// serves it.
pub(super) fn page(filter: &Filter, after: Option<Place>, limit: u32) -> Statement {
    let texts = [
        ("kind =", filter.kind.map(Kind::as_str)),
        ("outcome =", filter.outcome.map(Outcome::as_str)),
    ];
    let ids = [("account =", filter.account), ("actor =", filter.actor)];
    let since = [("at_us >=", filter.since.map(at_or_after))];
    let mut sql = SELECT.to_owned();
    for (number, condition) in (4..).zip(asked(&texts).chain(asked(&ids)).chain(asked(&since))) {
        sql.extend([" AND ", condition, " $", &number.to_string()]);
    }
    sql.push_str(" ORDER BY at_us DESC, id DESC LIMIT $1");
    // Whichever comes first: an index is read from one place on, and SQLite might choose the other.
    let until = filter.until.map(|until| (at_or_after(until), Uuid::nil()));
    let after = after.map(|place| (micros(place.at), place.id));
    let (at, id) = until.into_iter().chain(after).min().unwrap_or((i64::MAX, Uuid::max()));
    let mut page = query(AssertSqlSafe(sql)).bind(i64::from(limit)).bind(at).bind(id);
    for text in texts.iter().filter_map(|(_, text)| *text) {
        page = page.bind(text);
    }
    for id in ids.iter().filter_map(|(_, id)| *id) {
        page = page.bind(id);
    }
    for time in since.iter().filter_map(|(_, time)| *time) {
        page = page.bind(time);
    }
    page
}

/// The conditions that there is a value for.
fn asked<T>(conditions: &[(&'static str, Option<T>)]) -> impl Iterator<Item = &'static str> {
    conditions.iter().filter(|(_, value)| value.is_some()).map(|(condition, _)| *condition)
}

/// The first microsecond that is not before `time`, which may be finer.
fn at_or_after(time: Timestamp) -> i64 {
    let floor = time.as_nanosecond().div_euclid(1000);
    let is_whole = time.as_nanosecond().rem_euclid(1000) == 0;
    i64::try_from(floor).unwrap_or(i64::MAX).saturating_add(i64::from(!is_whole))
}

/// What a row says.
pub(super) fn recorded(row: &Row) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        id: row.get("id")?,
        at: timestamp(row.get("at_us")?)?,
        kind: row.get("kind")?,
        outcome: row.get("outcome")?,
        account: row.get("account")?,
        actor: row.get("actor")?,
        address: row.get("address")?,
        request_id: row.get("request_id")?,
        times: u32::try_from(row.get::<i64>("times")?).unwrap_or(u32::MAX),
        details: serde_json::from_str(&row.get::<String>("details")?)
            .map_err(StoreError::damaged)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_finer_than_what_is_kept_leaves_out_what_was_before_it() {
        let at = |nanos| at_or_after(Timestamp::from_nanosecond(nanos).unwrap());
        assert_eq!([at(1000), at(1001), at(1999), at(2000)], [1, 2, 2, 2]);
        assert_eq!([at(-1000), at(-999)], [-1, 0]);
    }
}
