//! Lists of films: all of them, and those of a genre, tag, platform or person.

use std::sync::LazyLock;

use events::Slug;
use http_kit::{Problem, ProblemType, encode_component};

use crate::{
    arguments::Arguments,
    cache::About,
    fields::Fields,
    filter::MovieFilter,
    listing::Collection,
    noun::Noun,
    page::{self, Page, Window},
    parameter::Parameter,
    representation::{Movie, MovieView},
    sort::{self, MovieSort, Order},
    store::{StoreError, sqlite::Snapshot},
};

/// A list of films.
pub(crate) struct Movies {
    /// What the films have in common, where the list is of a genre, tag, platform or person.
    of: Option<(Noun, Slug)>,
    filter: MovieFilter,
    order: Order<MovieSort>,
    fields: Fields,
}

static PARAMETERS: LazyLock<Vec<Parameter>> = LazyLock::new(|| {
    let sort = "Without it by `title`, or by `relevance` where there is a `q`. `relevance` is how well \
                a film's title fits `q`, then how many people rated it.";
    MovieFilter::parameters()
        .chain([
            sort::parameter::<MovieSort>(sort),
            Fields::parameter(&Movie::FIELDS, Movie::ALWAYS),
        ])
        .chain(page::parameters())
        .collect()
});

impl Movies {
    /// The parameters of lists of films.
    pub(crate) fn parameters() -> &'static [Parameter] {
        &PARAMETERS
    }

    /// All films, as far as the arguments leave them.
    pub(crate) fn all(arguments: &Arguments) -> Self {
        let filter = MovieFilter::asked(arguments);
        Self {
            of: None,
            order: Order::of_movies(arguments, filter.query.is_some()),
            fields: Fields::asked(arguments, Movie::ALWAYS),
            filter,
        }
    }

    /// The films of a genre, tag, platform or person.
    pub(crate) fn of(noun: Noun, slug: Slug, arguments: &Arguments) -> Self {
        let all = Self::all(arguments);
        Self { filter: all.filter.and_has(noun.kind, slug.clone()), of: Some((noun, slug)), ..all }
    }
}

impl Collection for Movies {
    type Sort = MovieSort;
    type Item = MovieView;

    fn path(&self) -> String {
        match &self.of {
            None => "/v1/movies".to_owned(),
            Some((noun, slug)) => {
                format!("/v1/{}/{}/movies", noun.plural, encode_component(slug.as_str()))
            }
        }
    }

    fn order(&self) -> &Order<MovieSort> {
        &self.order
    }

    fn about(&self) -> Vec<About> {
        let of = self.of.iter().map(|(noun, slug)| About::Facet((noun.kind, slug.clone())));
        of.chain([About::Films]).collect()
    }

    async fn missing(&self, snapshot: &mut Snapshot) -> Result<Option<Problem>, StoreError> {
        let Some((noun, slug)) = &self.of else { return Ok(None) };
        let found = snapshot.facet(noun.kind, slug).await?;
        Ok(found.is_none().then(|| noun.no_such(slug)))
    }

    async fn page(
        &self,
        snapshot: &mut Snapshot,
        window: &Window,
    ) -> Result<Page<MovieView>, StoreError> {
        let page = snapshot.movies(&self.filter, &self.order, window).await?;
        page.try_map(|film| {
            MovieView::of(Movie::in_list(film), &self.fields).map_err(StoreError::damaged)
        })
    }

    async fn count(&self, snapshot: &mut Snapshot, most: Option<u32>) -> Result<u64, StoreError> {
        snapshot.count_movies(&self.filter, &self.order, most).await
    }
}

impl Noun {
    /// There is no such genre, tag, platform or person.
    pub(crate) fn no_such(self, slug: &Slug) -> Problem {
        let detail = format!("There is no {} with the slug {slug}.", self.singular);
        Problem::new(ProblemType::NotFound).detail(detail)
    }
}
