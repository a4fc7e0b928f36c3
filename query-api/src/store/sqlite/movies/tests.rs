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
                let searches = matches!(window.at, Place::Offset(_)) || plan[0].contains("SEARCH");
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
    let of_many = listing(&filter, &order, &drama).plan(&mut snapshot.transaction, &window).await;
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
    let (of_1950, since_1950) = (year(Comparison::Equal, 1950), year(Comparison::AtLeast, 1950));
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
            let (genre, language) = if number % 2 == 0 { ("Drama", "ja") } else { ("Crime", "fr") };
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
                .page(&mut snapshot.transaction, &window, document_at::<MovieDocument>)
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
        let filter = MovieFilter { conditions: vec![Condition::IsAny(column, codes)], query: None };
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
