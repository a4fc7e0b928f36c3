//! The fields of a film that a column can be.

use super::MappingError;

/// A field of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Title,
    OriginalTitle,
    Year,
    ReleaseDate,
    RuntimeMinutes,
    Synopsis,
    Genres,
    Tags,
    Platforms,
    Directors,
    Cast,
    Studios,
    Language,
    Country,
    Imdb,
    Tmdb,
}

impl Field {
    /// All of them.
    pub(crate) const ALL: [Self; 16] = [
        Self::Title,
        Self::OriginalTitle,
        Self::Year,
        Self::ReleaseDate,
        Self::RuntimeMinutes,
        Self::Synopsis,
        Self::Genres,
        Self::Tags,
        Self::Platforms,
        Self::Directors,
        Self::Cast,
        Self::Studios,
        Self::Language,
        Self::Country,
        Self::Imdb,
        Self::Tmdb,
    ];

    /// Its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::OriginalTitle => "original_title",
            Self::Year => "year",
            Self::ReleaseDate => "release_date",
            Self::RuntimeMinutes => "runtime_minutes",
            Self::Synopsis => "synopsis",
            Self::Genres => "genres",
            Self::Tags => "tags",
            Self::Platforms => "platforms",
            Self::Directors => "directors",
            Self::Cast => "cast",
            Self::Studios => "studios",
            Self::Language => "language",
            Self::Country => "country",
            Self::Imdb => "external_ids.imdb",
            Self::Tmdb => "external_ids.tmdb",
        }
    }

    /// Whether it is a list of names.
    pub(crate) fn is_list(self) -> bool {
        matches!(
            self,
            Self::Genres
                | Self::Tags
                | Self::Platforms
                | Self::Directors
                | Self::Cast
                | Self::Studios
        )
    }
}

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// The field.
    pub(crate) field: Field,
    /// Whether a text has several names in it, with separators between them: `genres[]`. Else it is
    /// one name.
    pub(crate) is_split: bool,
}

/// A target as it is written.
pub(super) fn target(text: &str) -> Result<Target, MappingError> {
    let (name, is_split) = match text.strip_suffix("[]") {
        Some(name) => (name.trim(), true),
        None => (text, false),
    };
    let known = |field: &Field| {
        field.name() == name || field.name().strip_prefix("external_ids.") == Some(name)
    };
    let field = Field::ALL
        .into_iter()
        .find(known)
        .ok_or_else(|| MappingError::UnknownField { name: text.to_owned() })?;
    if is_split && !field.is_list() {
        return Err(MappingError::NoList(field.name()));
    }
    Ok(Target { field, is_split })
}

/// A column's target; `None` where it is `-`, left out on purpose.
pub(super) fn column_target(text: &str) -> Result<Option<Target>, MappingError> {
    if text == "-" { Ok(None) } else { target(text).map(Some) }
}

/// The names that can be written.
pub(super) fn known() -> String {
    let name = |field: Field| {
        let name = field.name().trim_start_matches("external_ids.");
        if field.is_list() { format!("{name}[]") } else { name.to_owned() }
    };
    Field::ALL.map(name).join(", ")
}
