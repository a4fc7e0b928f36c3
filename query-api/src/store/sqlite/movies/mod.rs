//! Lists of films, and how they are fetched.

#[cfg(test)]
mod tests;

use events::{MovieId, text::plain};
use read_model::{MovieDocument, search::fts5_query};
use sqlx::{QueryBuilder, Sqlite};

use super::{
    listing::{Listing, Sql, column, push_texts, push_value},
    row::document_at,
    snapshot::Snapshot,
};
use crate::{
    filter::{Column, Condition, MovieFilter},
    sort::{MovieSort, Order},
    store::{
        Listed, MovieList, Part, StoreError,
        planning::{self, FEW_FILMS, MANY_FILMS},
    },
};

impl Snapshot {
    /// Whether there is such a film, not deleted.
    pub(super) async fn has_movie(&mut self, id: MovieId) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT 1 FROM movie WHERE id = ? AND deleted = 0")
            .bind(id.0)
            .fetch_optional(&mut *self.transaction)
            .await?;
        Ok(found.is_some())
    }

    /// A part of a list of films; `None` where the facet that it belongs to is not there.
    pub(super) async fn movies(
        &mut self,
        list: &MovieList,
        part: &Part,
    ) -> Result<Option<Listed<MovieDocument>>, StoreError> {
        if let Some((kind, slug)) = &list.of {
            let found = sqlx::query("SELECT 1 FROM facet WHERE kind = ? AND slug = ?")
                .bind(kind.as_str())
                .bind(slug.as_str())
                .fetch_optional(&mut *self.transaction)
                .await?;
            if found.is_none() {
                return Ok(None);
            }
        }
        let common = self.common(&list.filter, &list.order).await?;
        let page = listing(&list.filter, &list.order, &common)
            .page(&mut self.transaction, &part.window, document_at)
            .await?;
        let total = match part.counting(page.items.is_empty()) {
            Some(counting) => Some(self.count_movies(list, counting.most()).await?),
            None => None,
        };
        Ok(Some(Listed { page, total, is_similar: false }))
    }

    /// How many films a list has, counted to `most` and no further.
    async fn count_movies(
        &mut self,
        MovieList { filter, order, .. }: &MovieList,
        most: Option<u32>,
    ) -> Result<u64, StoreError> {
        if let Some((kind, slug)) = filter.is_one_facet() {
            // The facet has counted them already: a common genre has hundreds of thousands.
            let sql = "SELECT COALESCE(SUM(movie_count), 0) FROM facet WHERE kind = ? AND slug = ?";
            let query = sqlx::query_scalar::<_, i64>(sql).bind(kind.as_str()).bind(slug.as_str());
            let films = query.fetch_one(&mut *self.transaction).await?;
            let films = u64::try_from(films).map_err(StoreError::damaged)?;
            return Ok(most.map_or(films, |most| films.min(u64::from(most))));
        }
        listing(filter, order, &[]).count(&mut self.transaction, most).await
    }

    /// The conditions of a filter that are better tested on each film than used to find films.
    async fn common(
        &mut self,
        filter: &MovieFilter,
        order: &Order<MovieSort>,
    ) -> Result<Vec<Condition>, StoreError> {
        let counted: Vec<_> = planning::to_be_counted(filter, order).collect();
        let mut counts = Vec::new();
        for condition in &counted {
            counts.push(self.count_few(condition).await?);
        }
        let total = match counts.iter().min() {
            Some(fewest) if *fewest >= FEW_FILMS => self.total().await?,
            _ => 0,
        };
        let films: Vec<_> = counts.iter().map(|films| planning::expected(*films, total)).collect();
        let fetched_by = planning::fetched_by(&films, total);
        let others = counted.into_iter().enumerate().filter(|(at, _)| Some(*at) != fetched_by);
        Ok(others.map(|(_, condition)| condition.clone()).collect())
    }

    /// How many films there are, or were some minutes ago.
    async fn total(&mut self) -> Result<i64, StoreError> {
        if let Some(films) = self.total.known() {
            return Ok(films);
        }
        let sql = "SELECT COUNT(*) FROM movie WHERE deleted = 0";
        let films = sqlx::query_scalar(sql).fetch_one(&mut *self.transaction).await?;
        self.total.know(films);
        Ok(films)
    }

    /// How many films fit a condition, counted to [`MANY_FILMS`] and no further.
    async fn count_few(&mut self, condition: &Condition) -> Result<i64, StoreError> {
        let mut query = QueryBuilder::new("SELECT ");
        match condition {
            Condition::HasAny(kind, slugs) => {
                query.push("COALESCE(SUM(movie_count), 0) FROM facet WHERE kind = ");
                query.push_bind(kind.as_str()).push(" AND slug IN (");
                push_texts(&mut query, slugs.iter().map(|slug| slug.as_str()));
                query.push(")");
            }
            Condition::IsAny(..) | Condition::Compares(..) | Condition::Averages(_) => {
                query.push("COUNT(*) FROM (SELECT 1 FROM movie AS m WHERE m.deleted = 0");
                push_condition(&mut query, condition, &[]);
                query.push(" LIMIT ").push_bind(MANY_FILMS).push(")");
            }
        }
        Ok(query.build_query_scalar().fetch_one(&mut *self.transaction).await?)
    }
}

fn listing<'q>(
    filter: &'q MovieFilter,
    order: &Order<MovieSort>,
    common: &'q [Condition],
) -> Listing<'q> {
    let keys = order.keys().iter().map(|(key, direction)| (key_sql(*key, filter), *direction));
    Listing {
        columns: "m.document",
        keys: keys.collect(),
        source: Box::new(move |query| push_source(query, filter, common)),
    }
    .and_then("m.id")
}

fn key_sql(key: MovieSort, filter: &MovieFilter) -> Sql<'_> {
    match key.column() {
        Some(name) => column(name),
        None => relevance(filter.query.as_deref().unwrap_or_default()),
    }
}

/// How well a film fits a query, the best first: the title is the query, begins with it, has it at
/// the beginning of a word, has all of its words; or the words are elsewhere.
///
/// It depends on the film and the query alone, not on what other films there are (as bm25 does), so
/// that pages hold together while films come and go.
fn relevance(query: &str) -> Sql<'static> {
    let plain = plain(query);
    let in_titles = fts5_query(query).map(|words| format!("title : ({words})"));
    Box::new(move |sql| {
        sql.push("CASE WHEN m.title = ").push_bind(plain.clone());
        sql.push(" THEN 0 WHEN substr(m.title, 1, length(").push_bind(plain.clone());
        sql.push(")) = ").push_bind(plain.clone());
        sql.push(" THEN 1 WHEN instr(' ' || m.title, ' ' || ").push_bind(plain.clone());
        sql.push(") > 0 THEN 2");
        if let Some(words) = &in_titles {
            sql.push(" WHEN m.key IN (SELECT rowid FROM movie_search WHERE movie_search MATCH ");
            sql.push_bind(words.clone()).push(") THEN 3");
        }
        sql.push(" ELSE 4 END");
    })
}

fn push_source(query: &mut QueryBuilder<Sqlite>, filter: &MovieFilter, common: &[Condition]) {
    query.push("FROM movie AS m WHERE m.deleted = 0");
    for condition in &filter.conditions {
        push_condition(query, condition, common);
    }
    match filter.query.as_deref().map(fts5_query) {
        None => {}
        // Nothing in the query is a letter or a digit, so nothing is found.
        Some(None) => {
            query.push(" AND FALSE");
        }
        Some(Some(words)) => {
            query.push(" AND m.key IN (SELECT rowid FROM movie_search WHERE movie_search MATCH ");
            query.push_bind(words).push(")");
        }
    }
}

fn push_condition(query: &mut QueryBuilder<Sqlite>, condition: &Condition, common: &[Condition]) {
    let is_common = common.contains(condition);
    match condition {
        Condition::HasAny(kind, slugs) => {
            query.push(match is_common {
                true => {
                    " AND EXISTS (SELECT 1 FROM movie_facet WHERE movie_key = m.key AND kind = "
                }
                false => " AND m.key IN (SELECT movie_key FROM movie_facet WHERE kind = ",
            });
            query.push_bind(kind.as_str()).push(" AND slug IN (");
            push_texts(query, slugs.iter().map(|slug| slug.as_str()));
            query.push("))");
        }
        Condition::IsAny(column, codes) => {
            let name = column.name();
            if *column == Column::Imdb {
                // What the index of IMDb ids was made with.
                query.push(" AND m.imdb <> ''");
            }
            // The plus keeps an index from being used.
            let plus = if is_common { "+" } else { "" };
            query.push(format_args!(" AND {plus}m.{name} IN ("));
            push_texts(query, codes.iter().map(String::as_str));
            query.push(")");
        }
        Condition::Averages(range) => {
            // A bound that excludes no film would only make SQLite expect few. The plus keeps the
            // index for the bound that was asked.
            let plus = if is_common { "+" } else { "" };
            let low = if range.start > f64::MIN_POSITIVE { plus } else { "+" };
            query.push(format_args!(" AND {low}m.rating >= ")).push_bind(range.start);
            if range.end.is_finite() {
                query.push(format_args!(" AND {plus}m.rating < ")).push_bind(range.end);
            }
        }
        Condition::Compares(column, comparison, value) => {
            let name = column.name();
            if let Some(absent) = column.absent() {
                // The plus keeps the index for the comparison that was asked.
                query.push(format_args!(" AND +m.{name} <> {absent}"));
            }
            let operator = comparison.operator();
            let plus = if is_common { "+" } else { "" };
            query.push(format_args!(" AND {plus}m.{name} {operator} "));
            push_value(query, value);
        }
    }
}
