//! One window of an ordered list, by keyset, with what belongs to it, in one statement: what films,
//! facets and ratings are listed with.
//!
//! One statement is one snapshot, so it also says what the read model reflects, whether what the list
//! belongs to is there, and how long the list is.

use std::fmt::Write;

use sqlx::{Postgres, QueryBuilder, Row, TypeInfo, ValueRef, postgres::PgRow};
use uuid::Uuid;

use super::checkpoint_of;
use crate::{
    page::{MAX_BYTES, Place, Window},
    sort::Direction,
    store::{Counting, Listed, Part, Seen, StoreError, gathering::Gathering},
    value::Value,
};

/// A piece of SQL with its bound values.
pub(super) type Sql<'q> = Box<dyn Fn(&mut QueryBuilder<Postgres>) + Send + Sync + 'q>;

/// A number in SQL: how long the list is, counted to a number and no further.
pub(super) type Count<'q> =
    Box<dyn Fn(&mut QueryBuilder<Postgres>, Option<u32>) + Send + Sync + 'q>;

/// The columns of an item.
#[derive(Debug, Clone, Copy)]
pub(super) enum Columns {
    /// This one, which is text and nearly all of the item.
    Document(&'static str),
    /// These, which are small, of a table.
    Small(&'static str, &'static [&'static str]),
}

/// A list: what it selects, from where, in which order.
pub(super) struct Listing<'q> {
    /// The columns of an item.
    pub(super) columns: Columns,
    /// What the list is sorted by, the most important first; the last one is unique.
    pub(super) keys: Vec<(Sql<'q>, Direction)>,
    /// `FROM … WHERE …`, to which `AND …` can be added.
    pub(super) source: Sql<'q>,
    /// How the list is gone through in its order; `None` where all that the source has is wanted.
    pub(super) walk: Option<Walk<'q>>,
    /// Whether what the list belongs to is there.
    pub(super) is_there: Sql<'q>,
    /// How long it is.
    pub(super) count: Count<'q>,
}

/// Going through a list of films in its order.
pub(super) struct Walk<'q> {
    /// What must hold of a film, `AND …`.
    pub(super) fits: Sql<'q>,
    /// After how many films the walk is given up, besides those that the window counts off.
    pub(super) most: Option<i64>,
}

/// How many columns stand before the keys: generation, position, whether it is there, total, bytes.
const BEFORE_KEYS: usize = 5;

impl Listing<'_> {
    /// Adds the key that breaks ties, in the direction of the key before it, so that an index on the
    /// two serves the list both ways.
    pub(super) fn and_then(mut self, unique: &'static str) -> Self {
        let direction = self.keys.last().map_or(Direction::Ascending, |(_, last)| *last);
        self.keys.push((column(unique), direction));
        self
    }

    /// The statement that fetches a part of the list.
    ///
    /// The innermost `SELECT` is the window; around it documents are measured, and those behind the
    /// page's end are not sent.
    pub(super) fn statement(&self, part: &Part) -> QueryBuilder<Postgres> {
        self.statement_after("", part)
    }

    /// The same statement behind a verb, such as `EXPLAIN`.
    pub(super) fn statement_after(&self, verb: &str, part: &Part) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::new(verb);
        query.push("SELECT c.generation, c.position, ");
        (self.is_there)(&mut query);
        query.push(", ");
        self.push_total(&mut query, part);
        let (names, order) = (self.names(), order(&self.directions(&part.window)));
        let items = match self.columns {
            Columns::Document(_) => {
                format!("CASE WHEN p.upto <= {MAX_BYTES} OR p.upto = p.bytes THEN p.item0 END")
            }
            Columns::Small(_, columns) => list(columns.len(), "p.item"),
        };
        query.push(format_args!(", p.bytes, {names}, {items} FROM checkpoint AS c LEFT JOIN ("));
        query.push(match self.columns {
            Columns::Document(_) => format!(
                "SELECT q.*, octet_length(q.item0)::bigint AS bytes, sum(octet_length(q.item0)) \
                 OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING)::bigint AS upto FROM ("
            ),
            Columns::Small(..) => "SELECT q.*, 0::bigint AS bytes FROM (".to_owned(),
        });
        self.push_window(&mut query, &part.window, true);
        query.push(format_args!(") AS q) AS p ON true WHERE c.one = 1 ORDER BY {order}"));
        query
    }

    /// What the rows of the statement say.
    pub(super) fn read<T>(
        &self,
        rows: Vec<PgRow>,
        part: &Part,
        read: impl Fn(&PgRow, usize) -> Result<T, StoreError>,
    ) -> Result<Seen<Option<Listed<T>>>, StoreError> {
        let first = rows.first().ok_or_else(|| StoreError::damaged(sqlx::Error::RowNotFound))?;
        let checkpoint = checkpoint_of(first)?;
        let (is_there, total): (bool, Option<i64>) = (first.try_get(2)?, first.try_get(3)?);
        if !is_there {
            return Ok((checkpoint, None));
        }
        let mut page = Gathering::new(&part.window);
        for row in rows {
            // Where there are no items, there is a row all the same, for what stands before them.
            let Some(bytes) = row.try_get::<Option<i64>, _>(4)? else { break };
            if !page.take(row, usize::try_from(bytes).map_err(StoreError::damaged)?) {
                break;
            }
        }
        let items_at = BEFORE_KEYS + self.keys.len();
        let keys = |row: &PgRow| (BEFORE_KEYS..items_at).map(|at| read_value(row, at)).collect();
        let page = page.page(keys, |row| read(row, items_at))?;
        let total = total.map(u64::try_from).transpose().map_err(StoreError::damaged)?;
        Ok((checkpoint, Some(Listed { page, total, is_similar: false })))
    }

    fn names(&self) -> String {
        list(self.keys.len(), "p.k")
    }

    fn directions(&self, window: &Window) -> Vec<Direction> {
        let backwards = matches!(window.at, Place::Before(_));
        let directed =
            |direction: Direction| if backwards { direction.reversed() } else { direction };
        self.keys.iter().map(|(_, direction)| directed(*direction)).collect()
    }

    /// The keys of the last item of the first page, where there is another page.
    #[cfg(test)]
    pub(super) async fn place(&self, lists: &super::session::Session) -> Option<Vec<Value>> {
        use crate::page::Matching;
        let window = Window { limit: 25, at: Place::Offset(0), matching: Matching::Any };
        let part = Part { window, count: None, count_if_empty: false };
        let rows = lists.rows(&|| self.statement(&part)).await.unwrap();
        let (_, listed) = self.read(rows, &part, |_, _| Ok(())).unwrap();
        listed.and_then(|listed| listed.page.after)
    }

    /// Pushes the `SELECT` of a window, of one item more than it shows: that tells whether there is a
    /// next page. `in_full` is whether its items are wanted, rather than whether it has any.
    fn push_window(&self, query: &mut QueryBuilder<Postgres>, window: &Window, in_full: bool) {
        query.push("SELECT ");
        if in_full {
            for (at, (key, _)) in self.keys.iter().enumerate() {
                key(query);
                query.push(format_args!(" AS k{at}, "));
            }
            query.push(match self.columns {
                Columns::Document(document) => format!("{document} AS item0 "),
                Columns::Small(table, columns) => {
                    let named = columns.iter().enumerate();
                    let named = named.map(|(at, column)| format!("{table}.{column} AS item{at}"));
                    named.collect::<Vec<_>>().join(", ") + " "
                }
            });
        } else {
            query.push("1 ");
        }
        let directions = self.directions(window);
        match &self.walk {
            // Postgres then knows which keys are the same for all.
            Some(Walk { fits, most: None }) => {
                self.push_from(query, window, &directions);
                fits(query);
            }
            Some(Walk { fits, most: Some(most) }) => {
                query.push("FROM (SELECT m.* ");
                self.push_from(query, window, &directions);
                for (at, ((key, _), direction)) in self.keys.iter().zip(&directions).enumerate() {
                    query.push(if at == 0 { " ORDER BY " } else { ", " });
                    key(query);
                    query.push(format_args!(" {}", direction.sql()));
                }
                let counted_off = match window.at {
                    Place::Offset(items) => i64::from(items),
                    Place::After(_) | Place::Before(_) => 0,
                };
                query.push(format_args!(" LIMIT {}) AS m WHERE true", most + counted_off));
                fits(query);
            }
            None => self.push_from(query, window, &directions),
        }
        if in_full {
            query.push(format_args!(" ORDER BY {}", order(&directions)));
        }
        query.push(format_args!(" LIMIT {}", i64::from(window.limit) + 1));
        if let Place::Offset(offset) = window.at {
            query.push(" OFFSET ").push_bind(i64::from(offset));
        }
    }

    /// Pushes where the items are from, as far as they are on the right side of the window's place.
    fn push_from(
        &self,
        query: &mut QueryBuilder<Postgres>,
        window: &Window,
        directions: &[Direction],
    ) {
        (self.source)(query);
        if let Place::After(values) | Place::Before(values) = &window.at {
            self.push_beyond(query, directions, values);
        }
    }

    /// Pushes the total that was asked for.
    fn push_total(&self, query: &mut QueryBuilder<Postgres>, part: &Part) {
        let push_count =
            |query: &mut QueryBuilder<Postgres>, counting: Option<Counting>| match counting {
                Some(counting) => (self.count)(query, counting.most()),
                None => _ = query.push("NULL::bigint"),
            };
        if !part.count_if_empty {
            push_count(query, part.count);
            return;
        }
        query.push("CASE WHEN EXISTS (");
        self.push_window(query, &part.window, false);
        query.push(") THEN ");
        push_count(query, part.counting(false));
        query.push(" ELSE ");
        push_count(query, part.counting(true));
        query.push(" END");
    }

    /// Pushes the condition that an item comes after the one with these keys.
    ///
    /// Where all keys go the same way, a comparison of rows says it, which an index answers in one step
    /// however many items share the first key. Else the first key bounds the search, and the rest is
    /// spelled out.
    fn push_beyond(
        &self,
        query: &mut QueryBuilder<Postgres>,
        directions: &[Direction],
        values: &[Value],
    ) {
        let (Some(&first), Some(first_value)) = (directions.first(), values.first()) else {
            return;
        };
        if values.len() != self.keys.len() {
            return;
        }
        if directions.iter().all(|direction| *direction == first) {
            query.push(" AND (");
            for (at, (key, _)) in self.keys.iter().enumerate() {
                query.push(if at == 0 { "" } else { ", " });
                key(query);
            }
            query.push(format_args!(") {} (", first.beyond()));
            for (at, value) in values.iter().enumerate() {
                query.push(if at == 0 { "" } else { ", " });
                push_value(query, value);
            }
            query.push(")");
            return;
        }
        query.push(" AND ");
        if let Some((key, _)) = self.keys.first() {
            key(query);
        }
        query.push(format_args!(" {}= ", first.beyond()));
        push_value(query, first_value);
        query.push(" AND (");
        for (at, ((key, _), (direction, value))) in
            self.keys.iter().zip(directions.iter().zip(values)).enumerate()
        {
            key(query);
            query.push(format_args!(" {} ", direction.beyond()));
            push_value(query, value);
            if at + 1 < values.len() {
                query.push(" OR (");
                key(query);
                query.push(" = ");
                push_value(query, value);
                query.push(" AND (");
            }
        }
        query.push("))".repeat(values.len().saturating_sub(1))).push(")");
    }
}

/// `PREFIX0, PREFIX1, …`
fn list(count: usize, prefix: &str) -> String {
    (0..count).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>().join(", ")
}

fn order(directions: &[Direction]) -> String {
    let mut order = String::new();
    for (at, direction) in directions.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a String does not fail.
        let _ = write!(order, "{comma}k{at} {}", direction.sql());
    }
    order
}

/// A column as a piece of SQL.
pub(super) fn column(name: &'static str) -> Sql<'static> {
    Box::new(move |query| {
        query.push(name);
    })
}

/// Binds a value.
pub(super) fn push_value(query: &mut QueryBuilder<Postgres>, value: &Value) {
    match value {
        Value::Integer(number) => query.push_bind(*number),
        Value::Real(number) => query.push_bind(*number),
        Value::Text(text) => query.push_bind(storable(text)),
        // Ids are the only bytes that anything is compared with.
        Value::Bytes(bytes) => query.push_bind(Uuid::from_slice(bytes).unwrap_or_default()),
    };
}

/// A text without NUL, which Postgres knows no text with.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

fn read_value(row: &PgRow, at: usize) -> Result<Value, StoreError> {
    let raw = row.try_get_raw(at)?;
    Ok(match raw.type_info().name() {
        "FLOAT8" => Value::Real(row.try_get(at)?),
        "TEXT" => Value::Text(row.try_get(at)?),
        "UUID" => Value::Bytes(row.try_get::<Uuid, _>(at)?.as_bytes().to_vec()),
        _ => Value::Integer(row.try_get(at)?),
    })
}
