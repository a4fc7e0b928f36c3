//! What editors have said of a genre, and what a command does to it.

use events::{Event, GenreDescribed, Slug};

use super::{GenreCommand, GenreContent, GenreRefusal};
use crate::Aggregate;

/// A genre: not described, or what was last said of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Genre {
    /// What was last said.
    pub described: Option<GenreDescribed>,
}

impl Aggregate for Genre {
    type Command = GenreCommand;
    type Refusal = GenreRefusal;

    fn decide(&self, command: &GenreCommand) -> Result<Vec<Event>, GenreRefusal> {
        let (slug, content) = match command {
            GenreCommand::Create(..) if self.described.is_some() => {
                return Err(GenreRefusal::Exists);
            }
            GenreCommand::Create(slug, content) | GenreCommand::Put(slug, content) => {
                (slug, content)
            }
        };
        let described = described(slug, content);
        if self.described.as_ref() == Some(&described) {
            return Ok(vec![]);
        }
        Ok(vec![described.into()])
    }

    fn exists(&self) -> bool {
        self.described.is_some()
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::GenreDescribed(described) => Self { described: Some(described.clone()) },
            Event::MovieCreated(_)
            | Event::MovieDetailsChanged(_)
            | Event::MovieTagged(_)
            | Event::MovieUntagged(_)
            | Event::MoviePlatformsAdded(_)
            | Event::MoviePlatformsRemoved(_)
            | Event::MovieDeleted(_)
            | Event::MovieRestored(_)
            | Event::MovieRated(_)
            | Event::RatingWithdrawn(_) => self,
        }
    }
}

fn described(slug: &Slug, content: &GenreContent) -> GenreDescribed {
    GenreDescribed {
        slug: slug.clone(),
        name: content.name.as_str().to_owned(),
        description: content.description.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, scenario::given};

    fn noir(description: Option<&str>) -> (Slug, GenreContent) {
        let name = Name::new("Film Noir").unwrap();
        (name.slug(), GenreContent { name, description: description.map(str::to_owned) })
    }

    fn create(description: Option<&str>) -> GenreCommand {
        let (slug, content) = noir(description);
        GenreCommand::Create(slug, content)
    }

    fn put(description: Option<&str>) -> GenreCommand {
        let (slug, content) = noir(description);
        GenreCommand::Put(slug, content)
    }

    fn said(description: Option<&str>) -> Event {
        let (slug, content) = noir(description);
        described(&slug, &content).into()
    }

    #[test]
    fn a_genre_can_be_described() {
        given::<Genre>([]).when(create(Some("Rain."))).then([said(Some("Rain."))]);
        given::<Genre>([]).when(put(None)).then([said(None)]);
    }

    #[test]
    fn a_genre_can_be_described_anew() {
        given::<Genre>([said(None)]).when(put(Some("Rain."))).then([said(Some("Rain."))]);
    }

    #[test]
    fn the_same_description_again_is_no_news() {
        given::<Genre>([said(Some("Rain."))]).when(put(Some("Rain."))).then_nothing();
    }

    #[test]
    fn a_genre_that_has_been_described_is_not_new() {
        given::<Genre>([said(None)]).when(create(Some("Rain."))).then_refused(GenreRefusal::Exists);
    }
}
