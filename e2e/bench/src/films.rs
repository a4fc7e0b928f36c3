//! Made-up films that are like real ones: few genres that are everywhere and many people who made
//! little, by Zipf's law; more films in recent years; a synopsis for every other one.
//!
//! A film is a function of its number, so that whoever knows how many there are knows them all.

use events::{AccountId, ExternalIds, MovieCreated, MovieDetails, MovieId};
use uuid::Uuid;

use crate::{
    names::{COUNTRIES, FIRST_NAMES, GENRES, LANGUAGES, PLATFORMS, SYLLABLES, WORDS},
    random::Random,
};

/// Raised when other films are made: data sets of older versions are made anew.
pub(crate) const VERSION: u32 = 1;

/// When the first film entered the catalogue, in milliseconds since 1970.
pub(crate) const BEGINNING_MS: u64 = 1_700_000_000_000;

/// People who are named. Most are named once or not at all.
const PEOPLE: u64 = 400_000;

/// People who rate.
const ACCOUNTS: u64 = 50_000;

/// The film with this number.
pub(crate) fn film(number: u64) -> MovieCreated {
    let random = &mut Random::of(number);
    let movie_id = movie_id(number);
    let year = year(random);
    let details = MovieDetails {
        title: title(random),
        original_title: random.chance(0.15).then(|| title(random)),
        year: Some(year),
        release_date: None,
        runtime_minutes: Some(runtime(random)),
        synopsis: random.chance(0.5).then(|| synopsis(random)),
        genres: distinct(1 + random.zipf(3), || random.mostly_first(&GENRES).to_owned()),
        directors: distinct(1 + u64::from(random.chance(0.08)), || person(random.zipf(PEOPLE))),
        cast: distinct(2 + random.below(6), || person(random.zipf(PEOPLE))),
        studios: distinct(random.below(3), || format!("{} Pictures", surname(random.zipf(5_000)))),
        language: Some(random.mostly_first(&LANGUAGES).to_owned()),
        country: Some(random.mostly_first(&COUNTRIES).to_owned()),
        external_ids: ExternalIds {
            imdb: Some(format!("tt{:08}", 10_000_000 + number % 80_000_000)),
            tmdb: None,
        },
    };
    MovieCreated {
        movie_id,
        details,
        tags: distinct(random.below(4), || random.mostly_first(&WORDS).to_owned()),
        platforms: distinct(random.below(3), || random.mostly_first(&PLATFORMS).to_owned()),
    }
}

/// The id of the film with this number. Ids grow with time, as those that Cinelog gives do.
pub(crate) fn movie_id(number: u64) -> MovieId {
    MovieId(Random::of(number ^ 0x6D6F_7669_6500_0000).id(BEGINNING_MS + number))
}

/// Somebody who rates.
pub(crate) fn account(random: &mut Random) -> AccountId {
    let number = random.below(ACCOUNTS);
    AccountId(Uuid::from_u64_pair(Random::of(number ^ 0x6163_6300_0000).next(), number))
}

/// The film as the API takes it.
pub(crate) fn json(film: &MovieCreated) -> String {
    let mut value = serde_json::to_value(film).expect("a film is JSON");
    value.as_object_mut().expect("an object").shift_remove("movie_id");
    value.to_string()
}

fn title(random: &mut Random) -> String {
    let words = 1 + random.zipf(5);
    let mut title = String::from(if random.chance(0.4) { "The" } else { "" });
    for _ in 0..words {
        let word = random.mostly_first(&WORDS);
        title.push_str(if title.is_empty() { "" } else { " " });
        title.extend(word.chars().next().map(|first| first.to_ascii_uppercase()));
        title.push_str(&word[1..]);
    }
    if random.chance(0.3) {
        title.push_str(&format!(" {}", 2 + random.zipf(30)));
    }
    title
}

fn year(random: &mut Random) -> i16 {
    // A third of all films are from the last ten years.
    let age = 125.0 * random.fraction().powf(2.3);
    #[expect(clippy::cast_possible_truncation, reason = "from 0 to 125")]
    let age = age as i16;
    2024 - age
}

fn runtime(random: &mut Random) -> u32 {
    let minutes = 60 + random.below(30) + random.below(30) + random.below(30);
    u32::try_from(minutes).unwrap_or(90)
}

fn synopsis(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..20 + random.below(40) {
        let word = if random.chance(0.4) {
            ["a", "the", "and", "of", "in"][random.below(5) as usize]
        } else {
            random.any_of(&WORDS)
        };
        text.push_str(word);
        text.push(' ');
    }
    text.truncate(text.trim_end().len());
    text.push('.');
    text
}

fn person(number: u64) -> String {
    let first = FIRST_NAMES[(number % FIRST_NAMES.len() as u64) as usize];
    format!("{first} {}", surname(number / FIRST_NAMES.len() as u64))
}

fn surname(number: u64) -> String {
    let mut random = Random::of(number ^ 0x7375_726E);
    let mut name = String::new();
    for _ in 0..2 + random.below(2) {
        name.push_str(random.any_of(&SYLLABLES));
    }
    let first = name.chars().next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(name.chars().skip(1)).collect()
}

/// At most `count` of what `make` makes; what comes twice is left out.
fn distinct(count: u64, mut make: impl FnMut() -> String) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for _ in 0..count {
        let name = make();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_a_function_of_its_number() {
        assert_eq!(film(7), film(7));
        assert_ne!(film(7), film(8));
        assert!(movie_id(7) < movie_id(8));
    }

    #[test]
    fn a_film_is_what_the_api_takes() {
        let json: serde_json::Value = serde_json::from_str(&json(&film(7))).unwrap();
        assert_eq!(json["title"], film(7).details.title);
        assert!(json.get("movie_id").is_none());
    }
}
