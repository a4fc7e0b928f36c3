//! Films: one by id, and lists of them.

use events::{MovieId, text::plain};
use read_model::{MovieDocument, search::fts5_query};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use super::{
    Snapshot,
    listing::{Listing, Sql, column, push_texts, push_value},
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
            .page(&mut self.transaction, &part.window, read_document)
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

    /// The conditions of a filter that each film is better looked at for than fetched by.
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

fn read_document(row: &SqliteRow, at: usize) -> Result<MovieDocument, StoreError> {
    let json: &str = row.try_get(at)?;
    serde_json::from_str(json).map_err(StoreError::damaged)
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

#[cfg(test)]
mod tests {
    use events::Slug;
    use read_model::FacetKind;

    use super::*;
    use crate::{
        average,
        filter::Comparison,
        page::{Matching, Place, Window},
        sort::{Direction, SortKey},
        testing::{ReadModel, film, texts},
        value::Value,
    };

    #[tokio::test]
    async fn an_index_serves_every_list_with_one_key_on_every_page() {
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let filter = MovieFilter::default();
        for (name, key) in MovieSort::ALL {
            if *key == MovieSort::Relevance {
                continue;
            }
            for direction in [Direction::Ascending, Direction::Descending] {
                let order = Order::of([(*key, direction)]);
                let place = vec![Value::Integer(7), Value::Bytes(vec![0; 16])];
                for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
                    let window = Window { limit: 25, at, matching: Matching::Any };
                    let listing = listing(&filter, &order, &[]);
                    let plan = listing.plan(&mut snapshot.transaction, &window).await;
                    let searches =
                        matches!(window.at, Place::Offset(_)) || plan[0].contains("SEARCH");
                    let index = format!("USING INDEX movie_{name}");
                    assert!(searches && plan.len() == 1 && plan[0].contains(&index), "{plan:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_genre_that_many_films_have_is_looked_for_in_the_order_of_the_list() {
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let filter = MovieFilter::default().and_has(FacetKind::Genre, Slug::of("Drama"));
        let order = Order::of([(MovieSort::Title, Direction::Ascending)]);
        let window = Window { limit: 25, at: Place::Offset(0), matching: Matching::Any };
        let drama = filter.conditions.clone();
        let of_few = listing(&filter, &order, &[]).plan(&mut snapshot.transaction, &window).await;
        assert!(of_few[0].contains("INTEGER PRIMARY KEY"), "{of_few:?}");
        let of_many =
            listing(&filter, &order, &drama).plan(&mut snapshot.transaction, &window).await;
        assert!(of_many[0].contains("INDEX movie_title"), "{of_many:?}");
        assert!(!of_many.iter().any(|step| step.contains("TEMP B-TREE")), "{of_many:?}");
    }

    /// 30,000 films, of which 300 are of each year, 10,000 are dramas (or so it is said), and all are in
    /// English.
    async fn large_catalogue() -> ReadModel {
        let model = ReadModel::new().await;
        model
            .run(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 30000)
                 INSERT INTO movie SELECT n, randomblob(16), '{}', 0, 'Film ' || n, 1900 + n % 100,
                    '', 90, n % 100 / 10.0, n % 7, 'en', '', '', n, n FROM n",
            )
            .await;
        model.run("INSERT INTO facet VALUES ('genre', 'drama', 'Drama', 10000, '{}')").await;
        model.run("INSERT INTO facet VALUES ('tag', 'rare', 'Rare', 150, '{}')").await;
        model
    }

    fn year(comparison: Comparison, year: i64) -> Condition {
        Condition::Compares(Column::Year, comparison, Value::Integer(year))
    }

    #[tokio::test]
    async fn the_films_of_the_rarest_condition_are_fetched_unless_a_page_is_full_before_that() {
        let model = large_catalogue().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let drama = Condition::HasAny(FacetKind::Genre, vec![Slug::of("Drama")]);
        let rare = Condition::HasAny(FacetKind::Tag, vec![Slug::of("Rare")]);
        let english = Condition::IsAny(Column::Language, texts(&["en"]));
        let (of_1950, since_1950) =
            (year(Comparison::Equal, 1950), year(Comparison::AtLeast, 1950));
        let good = Condition::Averages(average::that_show(Comparison::AtLeast, 8.0));
        let order = Order::of([(MovieSort::Rating, Direction::Descending)]);
        for (conditions, common) in [
            (vec![&drama], vec![&drama]),
            (vec![&rare], vec![]),
            (vec![&since_1950], vec![&since_1950]),
            (vec![&of_1950], vec![]),
            (vec![&drama, &english], vec![&drama, &english]),
            (vec![&drama, &since_1950], vec![&drama, &since_1950]),
            (vec![&drama, &of_1950], vec![&drama]),
            (vec![&of_1950, &drama, &rare], vec![&of_1950, &drama]),
            (vec![&good], vec![]),
            (vec![&good, &drama], vec![&drama]),
        ] {
            let conditions: Vec<_> = conditions.into_iter().cloned().collect();
            let filter = MovieFilter { conditions, query: None };
            let found = snapshot.common(&filter, &order).await.unwrap();
            assert_eq!(found.iter().collect::<Vec<_>>(), common, "{filter:?}");
        }
    }

    #[tokio::test]
    async fn filters_that_many_films_fit_leave_a_list_to_the_index_of_its_order() {
        let model = large_catalogue().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let conditions = vec![
            Condition::HasAny(FacetKind::Genre, vec![Slug::of("Drama")]),
            year(Comparison::AtLeast, 1930),
            year(Comparison::LessThan, 1980),
        ];
        let filter = MovieFilter { conditions, query: None };
        let order = Order::of([(MovieSort::Rating, Direction::Descending)]);
        let common = snapshot.common(&filter, &order).await.unwrap();
        let place = vec![Value::Real(5.0), Value::Bytes(vec![0; 16])];
        for at in [Place::Offset(0), Place::After(place.clone()), Place::Before(place)] {
            let window = Window { limit: 25, at, matching: Matching::Any };
            let listing = listing(&filter, &order, &common);
            let plan = listing.plan(&mut snapshot.transaction, &window).await;
            assert!(plan[0].contains("USING INDEX movie_rating"), "{plan:?}");
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
            assert!(plan[1].contains("INDEX movie_facet_movie (movie_key=?"), "{plan:?}");
        }
    }

    #[tokio::test]
    async fn the_same_films_are_left_whether_many_fit_or_few() {
        let films: Vec<_> = (0..6)
            .map(|number| {
                let (genre, language) =
                    if number % 2 == 0 { ("Drama", "ja") } else { ("Crime", "fr") };
                let mut film = film(&format!("Film {number}"));
                film.details.genres = texts(&[genre]);
                film.details.language = Some(language.to_owned());
                film
            })
            .collect();
        let model = ReadModel::with(&films).await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let order = Order::of([(MovieSort::Year, Direction::Ascending)]);
        let window = Window { limit: 25, at: Place::Offset(0), matching: Matching::Any };
        for condition in [
            Condition::HasAny(FacetKind::Genre, vec![Slug::of("Drama")]),
            Condition::IsAny(Column::Language, texts(&["ja"])),
        ] {
            let filter = MovieFilter { conditions: vec![condition], query: None };
            let mut found = Vec::new();
            for common in [&[][..], &filter.conditions] {
                let page = listing(&filter, &order, common)
                    .page(&mut snapshot.transaction, &window, read_document)
                    .await
                    .unwrap();
                found.push(page.items);
            }
            assert_eq!(found[0].len(), 3);
            assert_eq!(found[0], found[1]);
        }
    }

    #[tokio::test]
    async fn an_index_serves_a_range_of_ratings_in_their_order() {
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        for (comparison, used) in [
            (Comparison::AtLeast, "(rating>?)"),
            (Comparison::LessThan, "(rating<?)"),
            (Comparison::Equal, "(rating>? AND rating<?)"),
        ] {
            let range = average::that_show(comparison, 8.67);
            let filter = MovieFilter { conditions: vec![Condition::Averages(range)], query: None };
            let order = Order::of([(MovieSort::Rating, Direction::Descending)]);
            let window = Window { limit: 25, at: Place::Offset(0), matching: Matching::Any };
            let listing = listing(&filter, &order, &[]);
            let plan = listing.plan(&mut snapshot.transaction, &window).await;
            assert!(plan.len() == 1, "{plan:?}");
            assert!(plan[0].contains(&format!("INDEX movie_rating {used}")), "{plan:?}");
        }
    }

    #[tokio::test]
    async fn the_films_of_a_language_are_looked_up_and_stand_by_title_already() {
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        for (column, code) in [(Column::Language, "ja"), (Column::Country, "JP")] {
            let codes = vec![code.to_owned()];
            let filter =
                MovieFilter { conditions: vec![Condition::IsAny(column, codes)], query: None };
            let window = Window { limit: 25, at: Place::Offset(0), matching: Matching::Any };
            let mut plans = Vec::new();
            for (key, common) in [
                (MovieSort::Title, &[][..]),
                (MovieSort::Rating, &[]),
                (MovieSort::Rating, &filter.conditions),
            ] {
                let order = Order::of([(key, Direction::Ascending)]);
                let listing = listing(&filter, &order, common);
                plans.push(listing.plan(&mut snapshot.transaction, &window).await);
            }
            let index = format!("USING INDEX movie_{}", column.name());
            assert!(plans[0].len() == 1 && plans[0][0].contains(&index), "{plans:?}");
            assert!(plans[1][0].contains(&index), "{plans:?}");
            assert!(plans[2].len() == 1 && plans[2][0].contains("movie_rating"), "{plans:?}");
        }
    }

    #[tokio::test]
    async fn an_imdb_id_is_looked_up() {
        let model = ReadModel::new().await;
        let mut snapshot = model.sqlite().snapshot().await.unwrap();
        let codes = vec!["tt0047478".to_owned()];
        let filter =
            MovieFilter { conditions: vec![Condition::IsAny(Column::Imdb, codes)], query: None };
        let order = Order::of([(MovieSort::Title, Direction::Ascending)]);
        let window = Window { limit: 25, at: Place::Offset(0), matching: Matching::Any };
        let listing = listing(&filter, &order, &[]);
        let plan = listing.plan(&mut snapshot.transaction, &window).await;
        assert!(plan[0].contains("USING INDEX movie_imdb"), "{plan:?}");
    }
}
