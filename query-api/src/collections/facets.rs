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
    page::{self, Page, Window},
    parameter::{Form, Parameter},
    representation::Facet,
    sort::{self, Direction, FacetSort, Order},
    store::{
        StoreError,
        sqlite::{FacetFilter, Snapshot},
    },
};

/// A list of facets of one kind.
pub(crate) struct Facets {
    noun: Noun,
    filter: FacetFilter,
    order: Order<FacetSort>,
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
            filter: FacetFilter {
                kind: noun.kind,
                movie,
                begins: arguments.text("q").map(Slug::of),
            },
            order: Order::asked(arguments).unwrap_or_else(by_slug),
        }
    }
}

impl Collection for Facets {
    type Sort = FacetSort;
    type Item = Facet;

    fn path(&self) -> String {
        match self.filter.movie {
            None => format!("/v1/{}", self.noun.plural),
            Some(movie) => format!("/v1/movies/{movie}/{}", self.noun.plural),
        }
    }

    fn order(&self) -> &Order<FacetSort> {
        &self.order
    }

    fn about(&self) -> Vec<About> {
        let of = self.filter.movie.map(About::Film);
        of.into_iter().chain([About::Facets(self.filter.kind)]).collect()
    }

    async fn missing(&self, snapshot: &mut Snapshot) -> Result<Option<Problem>, StoreError> {
        let Some(movie) = self.filter.movie else { return Ok(None) };
        Ok((!snapshot.has_movie(movie).await?).then(no_such_movie))
    }

    async fn page(
        &self,
        snapshot: &mut Snapshot,
        window: &Window,
    ) -> Result<Page<Facet>, StoreError> {
        let page = snapshot.facets(&self.filter, &self.order, window).await?;
        page.try_map(|facet| Ok(Facet::new(facet, self.noun)))
    }

    async fn count(&self, snapshot: &mut Snapshot, most: Option<u32>) -> Result<u64, StoreError> {
        snapshot.count_facets(&self.filter, &self.order, most).await
    }
}
