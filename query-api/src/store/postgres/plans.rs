//! How Postgres goes about lists in a large catalogue: by an index, whatever is asked, on every page.

use events::{MovieId, Slug};
use read_model::FacetKind;
use serde_json::Value as Json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgConnectOptions};
use std::{str::FromStr, time::Instant};

use super::{
    PostgresStore, facets,
    listing::Listing,
    movies::{self, Plan},
    ratings,
    session::{Use, settings},
};
use crate::{
    average,
    filter::{Column, Comparison, Condition, MovieFilter},
    page::{Matching, Place, Window},
    sort::{Direction, FacetSort, MovieSort, Order, RatingSort, SortKey},
    store::{FacetList, MovieList, Part, RatingList},
    testing::PostgresTables,
    value::Value,
};

/// The most rows that are sorted for a page.
const SORTED_MAX: f64 = 100_000.0;

/// The most blocks of 8 KiB that are touched for a page, most of them again and again. What takes most is
/// to go through all that is equal in the first key: the tenth of the films that has no date or length, which
/// comes first where a list begins with the least, and those of the latest year, a twentieth, where they are
/// sorted by title besides. Half a second, with all of it in memory.
const BUFFERS_MAX: u64 = 300_000;

/// Tables that are never gone through.
const LARGE: [&str; 5] = ["movie", "movie_facet", "movie_search", "facet", "rating"];

/// A large catalogue, and a connection that plans as the store's do.
struct Catalogue {
    tables: PostgresTables,
    store: PostgresStore,
    connection: PgConnection,
    worst: (u64, f64, f64),
    /// What took more than it may.
    too_much: Vec<String>,
}

impl Catalogue {
    async fn of(films: u32) -> Self {
        let begun = Instant::now();
        let load = include_str!("../../testing/catalogue.sql");
        let load = format!("SET cinelog.films = {films}; {load}");
        let tables = PostgresTables::loaded_with(&load).await;
        tables.run("VACUUM ANALYZE").await;
        println!("{films} films were made in {:?}", begun.elapsed());
        let options = tables.options().await;
        let connect = PgConnectOptions::from_str(&options.url).unwrap();
        let mut connection = PgConnection::connect_with(&connect).await.unwrap();
        let settings = AssertSqlSafe(settings(&options, Use::Lists));
        sqlx::raw_sql(settings).execute(&mut connection).await.unwrap();
        let store = tables.store().await;
        Self { tables, store, connection, worst: (0, 0.0, 0.0), too_much: Vec::new() }
    }

    /// Carries a part of a list out, and notes where it took much.
    async fn examine(&mut self, what: &str, listing: &Listing<'_>, part: &Part) {
        let verb = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ";
        let mut query = listing.statement_after(verb, part);
        let row = query.build().fetch_one(&mut self.connection).await;
        let plan: Json = row.unwrap_or_else(|error| panic!("{what}: {error}")).get(0);
        let root = &plan[0]["Plan"];
        let (mut scans, mut sorted) = (Vec::new(), 0.0_f64);
        visit(root, &mut |node| {
            let kind = node["Node Type"].as_str().unwrap_or_default();
            let table = node["Relation Name"].as_str().unwrap_or_default();
            if kind == "Seq Scan" && LARGE.contains(&table) {
                scans.push(table.to_owned());
            }
            if kind.ends_with("Sort") {
                let input = &node["Plans"][0];
                let rows = |name: &str| input[name].as_f64().unwrap_or_default();
                sorted = sorted.max(rows("Actual Rows") * rows("Actual Loops"));
            }
        });
        let count = |name: &str| root[name].as_u64().unwrap_or_default();
        let buffers = count("Shared Hit Blocks") + count("Shared Read Blocks");
        let ms = plan[0]["Execution Time"].as_f64().unwrap_or_default();
        self.worst = (self.worst.0.max(buffers), self.worst.1.max(sorted), self.worst.2.max(ms));
        if std::env::var_os("CINELOG_TEST_PLANS").is_some() {
            println!("{ms:9.2} ms {buffers:7} buffers {sorted:7} sorted  {what}");
        }
        if !scans.is_empty() || sorted > SORTED_MAX || buffers > BUFFERS_MAX {
            let scans = scans.join(" and ");
            self.too_much.push(format!(
                "{what}: {buffers} blocks, {sorted} rows sorted, goes through [{scans}]: {root:#}"
            ));
        }
    }

    /// The first page, the one after it and the one before that; and what is done where going through
    /// the list does not fill a page in time.
    async fn examine_films(&mut self, what: &str, list: &MovieList) {
        let search = movies::Search::of(&list.filter);
        let plan = Plan::of(&self.store.lists, list, search.as_ref()).await.unwrap();
        let listing = movies::listing(list, &plan, search.as_ref());
        let place = listing.place(&self.store.lists).await;
        for part in parts(place.clone()) {
            self.examine(&format!("{what}, {part:?}"), &listing, &part).await;
        }
        if place.is_none()
            && let Some(plan) = plan.otherwise()
        {
            let listing = movies::listing(list, &plan, search.as_ref());
            for part in parts(listing.place(&self.store.lists).await) {
                self.examine(&format!("{what}, fetched, {part:?}"), &listing, &part).await;
            }
        }
    }
}

fn visit(node: &Json, see: &mut impl FnMut(&Json)) {
    see(node);
    for child in node["Plans"].as_array().into_iter().flatten() {
        visit(child, see);
    }
}

/// Pages of a list that has an item with these keys somewhere.
fn parts(place: Option<Vec<Value>>) -> Vec<Part> {
    let around =
        place.into_iter().flat_map(|keys| [Place::After(keys.clone()), Place::Before(keys)]);
    let places = [Place::Offset(0)].into_iter().chain(around);
    places
        .map(|at| Part {
            window: Window { limit: 25, at, matching: Matching::Any },
            count: None,
            count_if_empty: false,
        })
        .collect()
}

fn has(kind: FacetKind, slug: &str) -> Condition {
    Condition::HasAny(kind, vec![Slug::of(slug)])
}

fn is(column: Column, codes: &[&str]) -> Condition {
    Condition::IsAny(column, codes.iter().map(|code| (*code).to_owned()).collect())
}

fn compares(column: Column, comparison: Comparison, value: i64) -> Condition {
    Condition::Compares(column, comparison, Value::Integer(value))
}

/// One of each kind of filter, rare and common, alone and together.
fn filters() -> Vec<(&'static str, MovieFilter)> {
    use Comparison::{AtLeast, AtMost, Equal, LessThan};
    let date = |comparison, date: &str| {
        Condition::Compares(Column::ReleaseDate, comparison, Value::Text(date.to_owned()))
    };
    let good = || Condition::Averages(average::that_show(AtLeast, 8.0));
    let drama = || has(FacetKind::Genre, "drama");
    let conditions = vec![
        ("nothing", vec![]),
        ("a common genre", vec![drama()]),
        ("a genre", vec![has(FacetKind::Genre, "genre 7")]),
        (
            "one of two genres",
            vec![Condition::HasAny(
                FacetKind::Genre,
                vec![Slug::of("comedy"), Slug::of("genre 7")],
            )],
        ),
        ("a tag", vec![has(FacetKind::Tag, "tag 1234")]),
        ("a rare tag", vec![has(FacetKind::Tag, "rare")]),
        ("a tag of none", vec![has(FacetKind::Tag, "of none")]),
        ("a person", vec![has(FacetKind::Person, "given 7 family 4")]),
        ("a year", vec![compares(Column::Year, Equal, 1950)]),
        ("years since", vec![compares(Column::Year, AtLeast, 1930)]),
        (
            "two years",
            vec![compares(Column::Year, AtLeast, 1910), compares(Column::Year, LessThan, 1912)],
        ),
        ("a day", vec![date(Equal, "1954-04-26")]),
        ("days until", vec![date(AtMost, "1990-01-01")]),
        ("length", vec![compares(Column::RuntimeMinutes, AtLeast, 90)]),
        ("an average", vec![Condition::Averages(average::that_show(Equal, 7.33))]),
        ("averages", vec![good()]),
        ("known to many", vec![compares(Column::RatingCount, AtLeast, 1_000)]),
        ("known to nobody", vec![compares(Column::RatingCount, Equal, 0)]),
        ("a common language", vec![is(Column::Language, &["en"])]),
        ("a language", vec![is(Column::Language, &["is"])]),
        ("languages", vec![is(Column::Language, &["is", "ja", "xx"])]),
        ("a country", vec![is(Column::Country, &["JP"])]),
        ("an IMDb id", vec![is(Column::Imdb, &["tt0000003"])]),
        (
            "common and common",
            vec![drama(), is(Column::Language, &["en"]), compares(Column::Year, AtLeast, 1960)],
        ),
        ("common and rare", vec![drama(), has(FacetKind::Tag, "tag 1234"), good()]),
        ("what excludes each other", vec![drama(), has(FacetKind::Genre, "genre 7")]),
    ];
    let search = |query: &str| Some(query.to_owned());
    let mut filters: Vec<_> = conditions
        .into_iter()
        .map(|(what, conditions)| (what, MovieFilter { conditions, query: None }))
        .collect();
    filters.extend([
        ("a word", MovieFilter { conditions: vec![], query: search("noun77") }),
        ("words", MovieFilter { conditions: vec![], query: search("the noun7") }),
        ("a word of none", MovieFilter { conditions: vec![], query: search("nothing such") }),
        ("a word and a genre", MovieFilter { conditions: vec![drama()], query: search("noun77") }),
    ]);
    filters
}

async fn every_list_is_served_by_an_index(films: u32) {
    let mut catalogue = Catalogue::of(films).await;
    let begun = Instant::now();
    for (what, filter) in filters() {
        for (name, key) in MovieSort::ALL {
            for direction in [Direction::Ascending, Direction::Descending] {
                if filter.query.is_none() && key.column().is_none() {
                    continue;
                }
                let order = Order::of([(*key, direction)]);
                let list = MovieList { of: None, filter: filter.clone(), order };
                let what = format!("{what} by {name} {direction:?}");
                catalogue.examine_films(&what, &list).await;
            }
        }
    }
    println!("orders of one key: at worst {:?} in {:?}", catalogue.worst, begun.elapsed());
    orders_of_several_keys(&mut catalogue).await;
    facets_and_ratings(&mut catalogue).await;
    println!(
        "all: at worst (buffers, rows sorted, ms) {:?} in {:?}",
        catalogue.worst,
        begun.elapsed()
    );
    assert!(catalogue.too_much.is_empty(), "{}", catalogue.too_much.join("\n"));
}

async fn orders_of_several_keys(catalogue: &mut Catalogue) {
    use Direction::{Ascending, Descending};
    let by = |filter: &MovieFilter, keys: &[(MovieSort, Direction)]| MovieList {
        of: None,
        filter: filter.clone(),
        order: Order::of(keys.iter().copied()),
    };
    for (what, filter) in filters() {
        for (name, keys) in [
            (
                "how well known, title",
                [(MovieSort::RatingCount, Descending), (MovieSort::Title, Ascending)],
            ),
            ("average, title", [(MovieSort::Rating, Descending), (MovieSort::Title, Ascending)]),
            (
                "average, how well known",
                [(MovieSort::Rating, Descending), (MovieSort::RatingCount, Descending)],
            ),
            ("year, title", [(MovieSort::Year, Descending), (MovieSort::Title, Ascending)]),
            ("title, year", [(MovieSort::Title, Ascending), (MovieSort::Year, Descending)]),
        ] {
            // Half of the films, which are all equal in the first key, are sorted by the second: no index
            // has them so, and the deadline is what bounds it.
            let is_common = matches!(keys[0].0, MovieSort::Rating | MovieSort::RatingCount);
            if what == "known to nobody" && is_common {
                continue;
            }
            catalogue.examine_films(&format!("{what} by {name}"), &by(&filter, &keys)).await;
        }
    }
}

async fn facets_and_ratings(catalogue: &mut Catalogue) {
    let row = sqlx::query("SELECT id FROM movie WHERE key = 1");
    let movie = MovieId(row.fetch_one(catalogue.tables.writer()).await.unwrap().get(0));
    for (kind, movie, begins) in [
        (FacetKind::Genre, None, None),
        (FacetKind::Person, None, None),
        (FacetKind::Person, None, Some("given 7 f")),
        (FacetKind::Person, None, Some("family 77")),
        (FacetKind::Person, None, Some("g")),
        (FacetKind::Person, None, Some("nobody")),
        (FacetKind::Person, Some(movie), None),
    ] {
        for key in [FacetSort::Slug, FacetSort::MovieCount] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let (begins, order) = (begins.map(Slug::of), Order::of([(key, direction)]));
                let list = FacetList { kind, movie, begins, order };
                let are_few = facets::are_few(&catalogue.store.lists, &list).await.unwrap();
                let listing = facets::listing(&list, are_few);
                for part in parts(listing.place(&catalogue.store.lists).await) {
                    catalogue.examine(&format!("{list:?} {part:?}"), &listing, &part).await;
                }
            }
        }
    }
    for direction in [Direction::Ascending, Direction::Descending] {
        let list = RatingList { movie, order: Order::of([(RatingSort::RatedAt, direction)]) };
        let listing = ratings::listing(&list);
        for part in parts(listing.place(&catalogue.store.lists).await) {
            catalogue.examine(&format!("{list:?} {part:?}"), &listing, &part).await;
        }
    }
}

#[tokio::test]
async fn every_list_of_fifty_thousand_films_is_served_by_an_index() {
    every_list_is_served_by_an_index(50_000).await;
}

#[tokio::test]
#[ignore = "takes minutes: ./test runs it by itself"]
async fn every_list_of_a_million_films_is_served_by_an_index() {
    every_list_is_served_by_an_index(1_000_000).await;
}
