//! The list of a film's ratings.

use std::sync::LazyLock;

use events::MovieId;
use http_kit::Problem;

use crate::{
    arguments::Arguments,
    cache::About,
    failure::no_such_movie,
    listing::Collection,
    page::{self, Page, Window},
    parameter::Parameter,
    representation::Rating,
    sort::{self, Direction, Order, RatingSort},
    store::{StoreError, sqlite::Snapshot},
};

/// The ratings of a film.
pub(crate) struct Ratings {
    movie: MovieId,
    order: Order<RatingSort>,
}

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
        Self { movie, order: Order::asked(arguments).unwrap_or_else(newest_first) }
    }
}

impl Collection for Ratings {
    type Sort = RatingSort;
    type Item = Rating;

    fn path(&self) -> String {
        format!("/v1/movies/{}/ratings", self.movie)
    }

    fn order(&self) -> &Order<RatingSort> {
        &self.order
    }

    fn about(&self) -> Vec<About> {
        vec![About::Film(self.movie)]
    }

    async fn missing(&self, snapshot: &mut Snapshot) -> Result<Option<Problem>, StoreError> {
        Ok((!snapshot.has_movie(self.movie).await?).then(no_such_movie))
    }

    async fn page(
        &self,
        snapshot: &mut Snapshot,
        window: &Window,
    ) -> Result<Page<Rating>, StoreError> {
        let page = snapshot.ratings(self.movie, &self.order, window).await?;
        page.try_map(|rating| Ok(rating.into()))
    }

    async fn count(&self, snapshot: &mut Snapshot, most: Option<u32>) -> Result<u64, StoreError> {
        snapshot.count_ratings(self.movie, &self.order, most).await
    }
}
