//! One window of an ordered list, by keyset: films, facets and ratings are listed with it.

use std::fmt::Write;

use futures::TryStreamExt;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef, sqlite::SqliteRow};

use crate::{
    page::{Page, Place, Window},
    sort::Direction,
    store::{Listed, Part, StoreError, gathering::Gathering},
    value::Value,
};

/// A piece of SQL with its bound values.
pub(super) type Sql<'q> = Box<dyn Fn(&mut QueryBuilder<Sqlite>) + Send + Sync + 'q>;

/// A list: what it selects, from where, in which order.
pub(super) struct Listing<'q> {
    /// The columns of an item. The first one is text or bytes, and nearly all of the item.
    pub(super) columns: &'static str,
    /// What the list is sorted by, the most important first; the last one is unique.
    pub(super) keys: Vec<(Sql<'q>, Direction)>,
    /// `FROM … WHERE …`, to which `AND …` can be added.
    pub(super) source: Sql<'q>,
}

impl Listing<'_> {
    /// Adds the key that breaks ties, in the direction of the key before it, so that an index on the
    /// two serves the list both ways.
    pub(super) fn and_then(mut self, unique: &'static str) -> Self {
        let direction = self.keys.last().map_or(Direction::Ascending, |(_, last)| *last);
        self.keys.push((column(unique), direction));
        self
    }

    /// The page, and the total if it is asked for.
    pub(super) async fn part<T>(
        &self,
        connection: &mut SqliteConnection,
        part: &Part,
        read: impl Fn(&SqliteRow, usize) -> Result<T, StoreError>,
    ) -> Result<Listed<T>, StoreError> {
        let page = self.page(connection, &part.window, read).await?;
        let total = match part.counting(page.items.is_empty()) {
            Some(counting) => Some(self.count(connection, counting.most()).await?),
            None => None,
        };
        Ok(Listed { page, total, is_similar: false })
    }

    /// The items that a window shows. `read` makes an item of a row, whose columns begin at the index that it is
    /// given.
    pub(super) async fn page<T>(
        &self,
        connection: &mut SqliteConnection,
        window: &Window,
        read: impl Fn(&SqliteRow, usize) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let mut query = self.select("SELECT ", window);
        let mut page = Gathering::new(window);
        let mut found = query.build().fetch(connection);
        while let Some(row) = found.try_next().await? {
            let bytes = row.try_get_unchecked::<&[u8], _>(self.keys.len())?.len();
            if !page.take(row, bytes) {
                break;
            }
        }
        page.page(|row| self.keys_of(row), |row| read(row, self.keys.len()))
    }

    /// How many items the list has; if `most` is given, counting stops there.
    pub(super) async fn count(
        &self,
        connection: &mut SqliteConnection,
        most: Option<u32>,
    ) -> Result<u64, StoreError> {
        let mut query = QueryBuilder::new("SELECT COUNT(*) FROM (SELECT 1 ");
        (self.source)(&mut query);
        if let Some(most) = most {
            query.push(" LIMIT ").push_bind(most);
        }
        query.push(")");
        let count: i64 = query.build_query_scalar().fetch_one(connection).await?;
        u64::try_from(count).map_err(StoreError::damaged)
    }

    /// The statement that fetches a window; `verb` is how it begins.
    ///
    /// The keys are selected first, as `k0`, `k1`, …: SQLite knows those names everywhere in the
    /// statement.
    fn select(&self, verb: &'static str, window: &Window) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new(verb);
        for (at, (key, _)) in self.keys.iter().enumerate() {
            key(&mut query);
            query.push(format_args!(" AS k{at}, "));
        }
        query.push(self.columns).push(" ");
        (self.source)(&mut query);
        let backwards = matches!(window.at, Place::Before(_));
        let directions: Vec<_> = self
            .keys
            .iter()
            .map(|(_, direction)| if backwards { direction.reversed() } else { *direction })
            .collect();
        if let Place::After(values) | Place::Before(values) = &window.at {
            push_beyond(&mut query, &directions, values);
        }
        let mut order = String::new();
        for (at, direction) in directions.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let direction = direction.sql();
            // Writing to a String does not fail.
            let _ = write!(order, "{comma}k{at} {direction}");
        }
        // One more than asked tells whether there is a next page.
        query.push(format_args!(" ORDER BY {order} LIMIT "));
        query.push_bind(i64::from(window.limit) + 1);
        if let Place::Offset(offset) = window.at {
            query.push(" OFFSET ").push_bind(i64::from(offset));
        }
        query
    }

    fn keys_of(&self, row: &SqliteRow) -> Result<Vec<Value>, StoreError> {
        (0..self.keys.len()).map(|at| Ok(read_value(row, at)?)).collect()
    }

    /// How SQLite goes about a window: the lines of `EXPLAIN QUERY PLAN`.
    #[cfg(test)]
    pub(super) async fn plan(
        &self,
        connection: &mut SqliteConnection,
        window: &Window,
    ) -> Vec<String> {
        let mut query = self.select("EXPLAIN QUERY PLAN SELECT ", window);
        let rows = query.build().fetch_all(connection).await.unwrap();
        rows.iter().map(|row| row.get("detail")).collect()
    }
}

/// A column as a piece of SQL.
pub(super) fn column(name: &'static str) -> Sql<'static> {
    Box::new(move |query| {
        query.push(name);
    })
}

/// Pushes the condition that an item comes after the one with these keys.
///
/// Where all keys go the same way, a comparison of rows says it, which an index answers in one step
/// however many items share the first key. Else the first key bounds the search, and the rest is
/// spelled out.
fn push_beyond(query: &mut QueryBuilder<Sqlite>, directions: &[Direction], values: &[Value]) {
    let (Some(&first), Some(first_value)) = (directions.first(), values.first()) else { return };
    if directions.iter().all(|direction| *direction == first) {
        let keys: Vec<_> = (0..values.len()).map(|at| format!("k{at}")).collect();
        query.push(format_args!(" AND ({}) {} (", keys.join(", "), first.beyond()));
        for (at, value) in values.iter().enumerate() {
            query.push(if at == 0 { "" } else { ", " });
            push_value(query, value);
        }
        query.push(")");
        return;
    }
    query.push(format_args!(" AND k0 {}= ", first.beyond()));
    push_value(query, first_value);
    query.push(" AND (");
    for (at, (direction, value)) in directions.iter().zip(values).enumerate() {
        query.push(format_args!("k{at} {} ", direction.beyond()));
        push_value(query, value);
        if at + 1 < values.len() {
            query.push(format_args!(" OR (k{at} = "));
            push_value(query, value);
            query.push(" AND (");
        }
    }
    query.push("))".repeat(values.len().saturating_sub(1))).push(")");
}

/// Binds a value.
pub(super) fn push_value(query: &mut QueryBuilder<Sqlite>, value: &Value) {
    match value {
        Value::Integer(number) => query.push_bind(*number),
        Value::Real(number) => query.push_bind(*number),
        Value::Text(text) => query.push_bind(text.clone()),
        Value::Bytes(bytes) => query.push_bind(bytes.clone()),
    };
}

/// Binds texts, with commas in between.
pub(super) fn push_texts<'t>(
    query: &mut QueryBuilder<Sqlite>,
    texts: impl Iterator<Item = &'t str>,
) {
    for (at, text) in texts.enumerate() {
        query.push(if at == 0 { "" } else { ", " }).push_bind(text.to_owned());
    }
}

fn read_value(row: &SqliteRow, at: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    Ok(match raw.type_info().name() {
        "REAL" => Value::Real(row.try_get(at)?),
        "TEXT" => Value::Text(row.try_get(at)?),
        "BLOB" => Value::Bytes(row.try_get(at)?),
        _ => Value::Integer(row.try_get(at)?),
    })
}
