//! The rows that a window shows, one more than its limit, from its place on.

use std::fmt::Write;

use sqlx::{Postgres, QueryBuilder};

use super::{Columns, Listing, Walk, push_value};
use crate::{
    page::{Place, Window},
    sort::Direction,
    value::Value,
};

impl Listing<'_> {
    /// Which way each key goes, as far as the window is concerned.
    pub(super) fn directions(&self, window: &Window) -> Vec<Direction> {
        let backwards = matches!(window.at, Place::Before(_));
        let directed =
            |direction: Direction| if backwards { direction.reversed() } else { direction };
        self.keys.iter().map(|(_, direction)| directed(*direction)).collect()
    }

    /// Pushes the `SELECT` of a window, of one item more than it shows: that tells whether there is a
    /// next page. `in_full` is whether its items are wanted, rather than whether it has any.
    pub(super) fn push_window(
        &self,
        query: &mut QueryBuilder<Postgres>,
        window: &Window,
        in_full: bool,
    ) {
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

/// `k0 ASC, k1 DESC, …`
pub(super) fn order(directions: &[Direction]) -> String {
    let mut order = String::new();
    for (at, direction) in directions.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a String does not fail.
        let _ = write!(order, "{comma}k{at} {}", direction.sql());
    }
    order
}
