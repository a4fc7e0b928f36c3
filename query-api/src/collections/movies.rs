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
    page,
    parameter::Parameter,
    representation::{Movie, MovieView},
    sort::{self, MovieSort, Order},
    store::{Listed, MovieList, Part, Seen, Store, StoreError},
};

/// A list of films.
pub(crate) struct Movies {
    /// What the films have in common, where the list is of a genre, tag, platform or person.
    of: Option<(Noun, Slug)>,
    list: MovieList,
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
        let order = Order::of_movies(arguments, filter.query.is_some());
        Self {
            of: None,
            list: MovieList { of: None, filter, order },
            fields: Fields::asked(arguments, Movie::ALWAYS),
        }
    }

    /// The films of a genre, tag, platform or person.
    pub(crate) fn of(noun: Noun, slug: Slug, arguments: &Arguments) -> Self {
        let Self { list, fields, .. } = Self::all(arguments);
        let filter = list.filter.and_has(noun.kind, slug.clone());
        let list = MovieList { of: Some((noun.kind, slug.clone())), filter, ..list };
        Self { of: Some((noun, slug)), list, fields }
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
        &self.list.order
    }

    fn about(&self) -> Vec<About> {
        let of = self.of.iter().map(|(noun, slug)| About::Facet((noun.kind, slug.clone())));
        of.chain([About::Films]).collect()
    }

    async fn read(
        &self,
        store: &dyn Store,
        part: &Part,
    ) -> Result<Seen<Option<Listed<MovieView>>>, StoreError> {
        let (checkpoint, listed) = store.movies(&self.list, part).await?;
        let shown =
            |film| MovieView::of(Movie::in_list(film), &self.fields).map_err(StoreError::damaged);
        Ok((checkpoint, listed.map(|listed| listed.try_map(shown)).transpose()?))
    }

    fn missing(&self) -> Problem {
        match &self.of {
            Some((noun, slug)) => noun.no_such(slug),
            None => Problem::new(ProblemType::NotFound),
        }
    }
}

impl Noun {
    /// There is no such genre, tag, platform or person.
    pub(crate) fn no_such(self, slug: &Slug) -> Problem {
        let detail = format!("There is no {} with the slug {slug}.", self.singular);
        Problem::new(ProblemType::NotFound).detail(detail)
    }
}
