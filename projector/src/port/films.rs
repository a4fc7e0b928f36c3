//! The films of a generation, found by what others know them by.

use async_trait::async_trait;
use events::MovieId;

use crate::StoreError;

/// A film that was found by its title: the title in plain form, the year (0 where it has none), the film.
pub type Titled = (String, i64, MovieId);

/// The films of one generation, looked up many at a time. Deleted films are not there. What is found comes
/// in the order of the films' ids, and is of some moment since the call: no two calls need agree.
///
/// **Errors.** [`StoreError::is_transient`] says whether the same may succeed later: a look-up that takes
/// longer than was allowed is given up with such a one.
#[async_trait]
pub trait Films: Send + Sync + 'static {
    /// Those that have one of these ids of IMDb, each with the id.
    async fn by_imdb(&self, ids: &[&str]) -> Result<Vec<(String, MovieId)>, StoreError>;

    /// Those that have one of these titles (in plain form), whatever their year.
    async fn by_title(&self, titles: &[&str]) -> Result<Vec<Titled>, StoreError>;
}
