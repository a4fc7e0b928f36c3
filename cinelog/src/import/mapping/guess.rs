//! Headings that are well known, and what they mean.

use super::{Field, Target};

/// A guess, and how good it is: 1 is the best. Of several columns for one field the best one counts.
pub(super) type Guess = (Target, u8);

/// What a heading means, whatever its case, spaces and punctuation. `None`: nobody knows.
pub(super) fn guess(heading: &str) -> Option<Guess> {
    let plain: String =
        heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    HEADINGS.iter().find_map(|(field, headings)| {
        let rank = headings.iter().position(|known| *known == plain)?;
        let rank = u8::try_from(rank + 1).unwrap_or(u8::MAX);
        Some((Target { field: *field, is_split: is_split(*field, &plain) }, rank))
    })
}

/// Studios are guessed one by one where the heading speaks of one: their names have commas in them.
fn is_split(field: Field, heading: &str) -> bool {
    field.is_list() && (field != Field::Studios || heading.ends_with('s'))
}

/// The better ones first. What the API calls a field is always among them.
const HEADINGS: &[(Field, &[&str])] = &[
    (
        Field::Title,
        &[
            "title",
            "primarytitle",
            "movietitle",
            "filmtitle",
            "seriestitle",
            "englishtitle",
            "movie",
            "film",
            "moviename",
            "filmname",
            "name",
        ],
    ),
    (Field::OriginalTitle, &["originaltitle", "originalname"]),
    (
        Field::Year,
        &["year", "startyear", "releaseyear", "releasedyear", "titleyear", "yearofrelease"],
    ),
    (
        Field::ReleaseDate,
        &["releasedate", "released", "datereleased", "dateofrelease", "premiere", "date"],
    ),
    (
        Field::RuntimeMinutes,
        &[
            "runtimeminutes",
            "runtime",
            "runningtimemin",
            "runningtimeminutes",
            "runningtime",
            "runtimemin",
            "runtimemins",
            "duration",
            "durationminutes",
            "durationmin",
            "durationmins",
            "minutes",
            "length",
        ],
    ),
    (
        Field::Synopsis,
        &["synopsis", "overview", "plot", "description", "summary", "storyline", "plotsummary"],
    ),
    (Field::Genres, &["genres", "genre", "majorgenre", "maingenre", "listedin"]),
    (Field::Tags, &["tags", "keywords", "plotkeywords", "tag"]),
    (Field::Platforms, &["platforms", "platform", "streamingon", "availableon"]),
    (Field::Directors, &["directors", "director", "directedby", "directorname"]),
    (Field::Cast, &["cast", "actors", "stars", "starring", "actor", "castmembers"]),
    (
        Field::Studios,
        &["studios", "studio", "productioncompanies", "productioncompany", "productionstudios"],
    ),
    (Field::Language, &["language", "originallanguage", "languages", "spokenlanguages", "lang"]),
    (
        Field::Country,
        &["country", "countries", "productioncountries", "countryoforigin", "origincountry"],
    ),
    (
        Field::Imdb,
        &[
            "externalidsimdb",
            "imdbid",
            "imdb",
            "tconst",
            "imdbtitleid",
            "imdblink",
            "imdburl",
            "const",
        ],
    ),
    (Field::Tmdb, &["externalidstmdb", "tmdbid", "tmdb", "themoviedbid"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn field(heading: &str) -> Option<Field> {
        guess(heading).map(|(target, _)| target.field)
    }

    #[test]
    fn headings_are_known_however_they_are_written() {
        assert_eq!(field("Release Date"), Some(Field::ReleaseDate));
        assert_eq!(field("RELEASE_DATE"), Some(Field::ReleaseDate));
        assert_eq!(field("Running Time min"), Some(Field::RuntimeMinutes));
        assert_eq!(field("runtime (Minutes)"), Some(Field::RuntimeMinutes));
        assert_eq!(field("primaryTitle"), Some(Field::Title));
        assert_eq!(field("external_ids.imdb"), Some(Field::Imdb));
        assert_eq!(field("IMDB Rating"), None);
        assert_eq!(field("US Gross"), None);
    }

    #[test]
    fn every_field_is_known_by_its_own_name() {
        for known in Field::ALL {
            assert_eq!(field(known.name()), Some(known));
        }
    }
}
