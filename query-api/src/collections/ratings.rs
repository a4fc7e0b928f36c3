//! The list of a film's ratings.

use std::sync::LazyLock;

use events::MovieId;
use http_kit::Problem;

use crate::{
    arguments::Arguments,
    cache::About,
    failure::no_such_movie,
    listing::Collection,
    page,
    parameter::Parameter,
    representation::Rating,
    sort::{self, Direction, Order, RatingSort},
    store::{Listed, Part, RatingList, Seen, Store, StoreError},
};

/// The ratings of a film.
pub(crate) struct Ratings(RatingList);

static PARAMETERS: LazyLock<Vec<Parameter>> = LazyLock::new(|| {
    let sort = sort::parameter::<RatingSort>("Without it by `-rated_at`: the newest first.");
    [sort].into_iter().chain(page::parameters()).collect()
});

impl Ratings {
    /// The parameters of lists of ratings.
    pub(crate) fn parameters() -> &'static [Parameter] {
        &PARAMETERS
    }

    /// The ratings of a film, in the order that the arguments ask for.
    pub(crate) fn of(movie: MovieId, arguments: &Arguments) -> Self {
        let newest_first = || Order::of([(RatingSort::RatedAt, Direction::Descending)]);
        let order = Order::asked(arguments).unwrap_or_else(newest_first);
        Self(RatingList { movie, order })
    }
}

impl Collection for Ratings {
    type Sort = RatingSort;
    type Item = Rating;

    fn path(&self) -> String {
        format!("/v1/movies/{}/ratings", self.0.movie)
    }

    fn order(&self) -> &Order<RatingSort> {
        &self.0.order
    }

    fn about(&self) -> Vec<About> {
        vec![About::Film(self.0.movie)]
    }

    async fn read(
        &self,
        store: &dyn Store,
        part: &Part,
    ) -> Result<Seen<Option<Listed<Rating>>>, StoreError> {
        let (checkpoint, listed) = store.ratings(&self.0, part).await?;
        let shown = |rating| Ok(Rating::from(rating));
        Ok((checkpoint, listed.map(|listed| listed.try_map(shown)).transpose()?))
    }

    fn missing(&self) -> Problem {
        no_such_movie()
    }
}
