//! IMDb's files, which say different things of the same titles: `title.basics.tsv` lists them, the
//! others add directors, names and votes (https://developer.imdb.com/non-commercial-datasets/).

mod join;

pub(crate) use join::{Join, Sides};

/// The column that says what kind of title it is.
pub(super) const TITLE_TYPE: &str = "titleType";

/// The kinds of titles that are films.
const FILMS: [&str; 5] = ["movie", "short", "tvMovie", "tvShort", "video"];

/// Which of the files it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `title.basics.tsv`: a title a line.
    Basics,
    /// `title.ratings.tsv`: how many people have voted on it.
    Ratings,
    /// `title.crew.tsv`: its directors, by number.
    Crew,
    /// `name.basics.tsv`: who those are.
    Names,
}

impl Kind {
    /// The file whose text begins so, by its header line.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let header = head.split(|&byte| byte == b'\n').next()?;
        let header = std::str::from_utf8(header).ok()?.trim_end();
        let columns: Vec<&str> = header.split('\t').collect();
        let has = |names: &[&str]| names.iter().all(|name| columns.contains(name));
        if has(&["tconst", TITLE_TYPE, "primaryTitle"]) {
            Some(Self::Basics)
        } else if has(&["tconst", "averageRating", "numVotes"]) {
            Some(Self::Ratings)
        } else if has(&["tconst", "directors", "writers"]) {
            Some(Self::Crew)
        } else if has(&["nconst", "primaryName"]) {
            Some(Self::Names)
        } else {
            None
        }
    }

    /// The columns that are taken of a file that goes with the titles: what it is about, and what it
    /// says.
    fn columns(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Basics => None,
            Self::Ratings => Some(("tconst", "numVotes")),
            Self::Crew => Some(("tconst", "directors")),
            Self::Names => Some(("nconst", "primaryName")),
        }
    }
}

/// Whether a line of `title.basics.tsv` is about a film.
pub(super) fn is_film(columns: &[String], cells: &[String]) -> bool {
    let kind = columns.iter().position(|column| column == TITLE_TYPE);
    kind.and_then(|index| cells.get(index)).is_none_or(|kind| FILMS.contains(&kind.trim()))
}
