//! One window of an ordered list, by keyset, in one statement: films, facets and ratings are listed with it.
//!
//! One statement is one snapshot. So the same statement also reads the checkpoint, whether the thing that the
//! list belongs to exists, and how long the list is.

mod value;
mod window;

use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};

use self::{value::read_value, window::order};
use super::checkpoint_of;
use crate::{
    page::MAX_BYTES,
    sort::Direction,
    store::{Counting, Listed, Part, Seen, StoreError, gathering::Gathering},
};

pub(super) use value::{push_value, storable};

/// A piece of SQL with its bound values.
pub(super) type Sql<'q> = Box<dyn Fn(&mut QueryBuilder<Postgres>) + Send + Sync + 'q>;

/// An expression in SQL that counts the list, up to a number if one is given.
pub(super) type Count<'q> =
    Box<dyn Fn(&mut QueryBuilder<Postgres>, Option<u32>) + Send + Sync + 'q>;

/// The columns of an item.
#[derive(Debug, Clone, Copy)]
pub(super) enum Columns {
    /// One column with a document in it, which is nearly all of the item.
    Document(&'static str),
    /// Small columns, of the table with this alias.
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
    /// What else must hold of an item while the list is gone through in its order. `None`: the source has no other
    /// items than the list.
    pub(super) walk: Option<Walk<'q>>,
    /// Whether the thing that the list belongs to exists.
    pub(super) is_there: Sql<'q>,
    /// How long the list is.
    pub(super) count: Count<'q>,
}

/// Going through a list of films in its order.
pub(super) struct Walk<'q> {
    /// What must hold of a film, `AND …`.
    pub(super) fits: Sql<'q>,
    /// After how many films the walk is given up, besides those that the window counts off.
    pub(super) most: Option<i64>,
}

/// How many columns stand before the keys: generation, position, `is_there`, total, bytes.
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
    /// The innermost `SELECT` is the window. The one around it measures the documents, so that those behind the end
    /// of the page are not sent.
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
            // If there are no items there is a row all the same, for the columns that stand before them.
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

    /// The keys of the last item of the first page, where there is another page.
    #[cfg(test)]
    pub(super) async fn place(
        &self,
        lists: &super::session::Session,
    ) -> Option<Vec<crate::value::Value>> {
        use crate::page::{Matching, Place, Window};
        let window = Window { limit: 25, at: Place::Offset(0), matching: Matching::Any };
        let part = Part { window, count: None, count_if_empty: false };
        let rows = lists.rows(&|| self.statement(&part)).await.unwrap();
        let (_, listed) = self.read(rows, &part, |_, _| Ok(())).unwrap();
        listed.and_then(|listed| listed.page.after)
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
}

/// `PREFIX0, PREFIX1, …`
fn list(count: usize, prefix: &str) -> String {
    (0..count).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>().join(", ")
}

/// A column as a piece of SQL.
pub(super) fn column(name: &'static str) -> Sql<'static> {
    Box::new(move |query| {
        query.push(name);
    })
}
