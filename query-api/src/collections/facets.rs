//! Lists of genres, tags, platforms and people: all of them, and those of one film.

use std::sync::LazyLock;

use events::{MovieId, Slug};
use http_kit::Problem;

use crate::{
    arguments::Arguments,
    cache::About,
    failure::no_such_movie,
    listing::Collection,
    noun::Noun,
    page,
    parameter::{Form, Parameter},
    representation::Facet,
    sort::{self, Direction, FacetSort, Order},
    store::{FacetList, Listed, Part, Seen, Store, StoreError},
};

/// A list of facets of one kind.
pub(crate) struct Facets {
    noun: Noun,
    list: FacetList,
}

static PARAMETERS: LazyLock<Vec<Parameter>> = LazyLock::new(|| {
    let begins = "Only those in whose name a word begins like this, whatever its case and accents.";
    let sort = "Without it by `slug`, which is the name without case and accents.";
    [Parameter::new("q", Form::Text { max_chars: 100 }, begins), sort::parameter::<FacetSort>(sort)]
        .into_iter()
        .chain(page::parameters())
        .collect()
});

impl Facets {
    /// The parameters of lists of facets.
    pub(crate) fn parameters() -> &'static [Parameter] {
        &PARAMETERS
    }

    /// All facets of a kind, or only those of a film, as far as the arguments leave them.
    pub(crate) fn new(noun: Noun, movie: Option<MovieId>, arguments: &Arguments) -> Self {
        let by_slug = || Order::of([(FacetSort::Slug, Direction::Ascending)]);
        Self {
            noun,
            list: FacetList {
                kind: noun.kind,
                movie,
                begins: arguments.text("q").map(Slug::of),
                order: Order::asked(arguments).unwrap_or_else(by_slug),
            },
        }
    }
}

impl Collection for Facets {
    type Sort = FacetSort;
    type Item = Facet;

    fn path(&self) -> String {
        match self.list.movie {
            None => format!("/v1/{}", self.noun.plural),
            Some(movie) => format!("/v1/movies/{movie}/{}", self.noun.plural),
        }
    }

    fn order(&self) -> &Order<FacetSort> {
        &self.list.order
    }

    fn about(&self) -> Vec<About> {
        let of = self.list.movie.map(About::Film);
        of.into_iter().chain([About::Facets(self.list.kind)]).collect()
    }

    async fn read(
        &self,
        store: &dyn Store,
        part: &Part,
    ) -> Result<Seen<Option<Listed<Facet>>>, StoreError> {
        let (checkpoint, listed) = store.facets(&self.list, part).await?;
        let shown = |facet| Ok(Facet::new(facet, self.noun));
        Ok((checkpoint, listed.map(|listed| listed.try_map(shown)).transpose()?))
    }

    fn missing(&self) -> Problem {
        no_such_movie()
    }
}
