//! Whatever is asked, all stores give the same answer, byte for byte.

use read_model::MovieDocument;

use crate::testing::{Kind, ReadModel, film, texts};

/// Films in several scripts, of which many things are equal or unknown.
fn films() -> Vec<MovieDocument> {
    let titles = [
        "Seven Samurai",
        "The Magnificent Seven",
        "Se7en",
        "Seven",
        "Spider-Man",
        "Spider",
        "The Man Who Knew Too Much",
        "Don’t Look Now",
        "WALL·E",
        "七人の侍",
        "東京物語",
        "기생충",
        "Андрей Рублёв",
        "हिन्दी मीडियम",
        "Élégie",
        "elegie",
        "Ångström",
        "!!!",
        "สัตว์ประหลาด",
        "a",
    ];
    let films = titles.iter().cycle().take(60).enumerate().map(|(number, title)| {
        let mut film = film(&format!("{title} {number}"));
        film.details.title = (*title).to_owned();
        film.details.year = (number % 4 > 0).then_some(1950 + number as i16 % 7);
        film.details.runtime_minutes = (number % 5 > 0).then_some(90 + number as u32 % 3);
        film.details.language = (number % 3 > 0).then(|| ["ja", "en"][number % 2].to_owned());
        film.details.genres = texts(&[["Drama", "Film Noir", "C++"][number % 3], "Crime"]);
        film.details.directors = texts(&[["Akira Kurosawa", "Seven Seas", "Man Ray"][number % 3]]);
        film.details.synopsis = Some("The seven who look now. 東京の夜".to_owned());
        film.tags = texts(&[["heat", "it's"][number % 2]]);
        film.rating.count = number as u64 % 4;
        film.rating.sum = film.rating.count * (number as u64 % 9 + 1);
        film
    });
    films.collect()
}

#[tokio::test]
async fn lists_searches_pages_and_totals_are_the_same_on_every_store() {
    let films = films();
    let models =
        [ReadModel::of(Kind::Sqlite, &films).await, ReadModel::of(Kind::Postgres, &films).await];
    let queries = [
        "seven",
        "sev",
        "seven+samurai",
        "spider-man",
        "spider+man",
        "man",
        "the",
        "t",
        "dont+look",
        "don't",
        "wall-e",
        "%E4%BA%BA%E3%81%AE",
        "%E4%BE%8D",
        "%E6%9D%B1%E4%BA%AC",
        "%EC%83%9D%EC%B6%A9",
        "%D0%B0%D0%BD%D0%B4%D1%80%D0%B5%D0%B9",
        "angstrom",
        "ELEGIE",
        "kurosawa+seven",
        "seas+man",
        "%21",
        "now+look",
        "a",
        "e+wall",
        "%00seven",
        "it%27s",
        "seven+%26+%7C+%28+%27",
        "%5C%27",
        "noir+film",
    ];
    let searches = queries.iter().flat_map(|query| {
        let orders =
            ["", "&sort=title", "&sort=-year,relevance", "&genre=drama", "&limit=3&sort=-rating"];
        orders.map(|order| format!("/v1/movies?q={query}{order}"))
    });
    let filters = [
        "",
        "genre=drama",
        "genre=c%2B%2B,drama&tag=heat",
        "year=1950",
        "year[gte]=1952&year[lt]=1954",
        "rating[gte]=4",
        "rating_count=0",
        "language=ja",
        "language=ja,en&genre=crime",
        "runtime_minutes[lte]=91",
        "person=man-ray",
        "tag=it%27s",
        "studio=none",
        "genre=%00drama",
    ];
    let lists = filters.iter().flat_map(|filter| {
        let orders = [
            "",
            "&sort=-title",
            "&sort=year,-title",
            "&sort=-rating,rating_count,title",
            "&page=2&limit=7",
        ];
        orders.map(|order| format!("/v1/movies?{filter}{order}").replace("?&", "?"))
    });
    let others = [
        "/v1/genres",
        "/v1/people?q=man",
        "/v1/people?q=k&sort=-movie_count",
        "/v1/tags?q=it%27",
        "/v1/genres/film-noir",
        "/v1/genres/crime/movies?limit=4&sort=-rating_count",
        "/v1/people?q=%21",
    ];
    for address in searches.chain(lists).chain(others.map(str::to_owned)) {
        let mut next = [Some(address.clone()), Some(address.clone())];
        while let [Some(one), Some(other)] = &next {
            let counted = [("prefer", "count=exact")];
            let one = models[0].ask("GET", one, &counted).await;
            let other = models[1].ask("GET", other, &counted).await;
            assert_eq!((one.status, &one.json), (other.status, &other.json), "{address}");
            next = [one.link("next"), other.link("next")];
        }
        assert_eq!(next, [None, None], "{address}");
    }
}
