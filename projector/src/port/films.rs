//! The films of a generation, found by IMDb id or title.

use async_trait::async_trait;
use events::MovieId;

use crate::StoreError;

/// A film that was found by its title: the title in plain form, the year (0 where it has none), the film.
pub type Titled = (String, i64, MovieId);

/// The films of one generation, looked up many at a time. Deleted films are not found. Results are ordered by
/// the films' ids. Each call sees the read model as it is at that moment, so that two calls may see different
/// states.
///
/// **Errors.** [`StoreError::is_transient`] says whether trying again may help. It holds for a look-up that is given
/// up because it takes too long.
#[async_trait]
pub trait Films: Send + Sync + 'static {
    /// The films with these IMDb ids, each with its id.
    async fn by_imdb(&self, ids: &[&str]) -> Result<Vec<(String, MovieId)>, StoreError>;

    /// The films with these titles (in plain form), of any year.
    async fn by_title(&self, titles: &[&str]) -> Result<Vec<Titled>, StoreError>;
}
