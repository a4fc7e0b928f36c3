//! Opening a generation to work on it. The same for every store.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    GenerationError,
    port::{Guard, Place, ReadModel, ReadModels, Work},
};

/// How long another process may take to open the live generation.
const OPENING_MAX: Duration = Duration::from_secs(30);

/// How often is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A generation that is open for the projector. As long as this lives, nobody removes it.
pub struct OpenGeneration {
    /// Which one.
    pub number: u64,
    /// Where the projector writes.
    pub read_model: Arc<dyn ReadModel>,
    _in_use: Box<dyn Guard>,
}

impl fmt::Debug for OpenGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenGeneration").field("number", &self.number).finish_non_exhaustive()
    }
}

impl OpenGeneration {
    /// Opens the live generation. Where it is gone, a new one is made live, with a number of its own:
    /// what caches remember of the old one is not taken for the new one's.
    ///
    /// # Errors
    /// [`GenerationError`] where that cannot be done.
    pub async fn live(read_models: &dyn ReadModels) -> Result<Self, GenerationError> {
        // One after another: of those that start together, one makes what is missing.
        let _lock = lock(read_models).await?;
        let (is_new, live) = (read_models.is_new().await?, read_models.live().await?);
        // Held first: what is found to be there then stays.
        let held = read_models.hold(live).await?;
        let (number, held) = match is_new || read_models.exists(live).await? {
            true => (live, held),
            false => {
                let number = read_models.reserve().await?;
                (number, read_models.hold(number).await?)
            }
        };
        let opened = Self::open(read_models, number, held).await?;
        if number != live {
            tracing::warn!(
                gone = live,
                made = number,
                "the live generation is gone, making another"
            );
        }
        // Also where it is live already: from now on is known that it was there.
        read_models.switch(number).await?;
        Ok(opened)
    }

    /// Opens a generation, which must have been made.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] where it was not; [`GenerationError`] where it cannot be opened.
    pub async fn existing(
        read_models: &dyn ReadModels,
        number: u64,
    ) -> Result<Self, GenerationError> {
        // Held first: what was there and is removed before it is opened would be made anew, and empty.
        let held = read_models.hold(number).await?;
        match read_models.exists(number).await? {
            true => Self::open(read_models, number, held).await,
            false => Err(GenerationError::Missing(number)),
        }
    }

    async fn open(
        read_models: &dyn ReadModels,
        number: u64,
        in_use: Box<dyn Guard>,
    ) -> Result<Self, GenerationError> {
        let read_model = read_models.open(Place::Generation(number)).await?;
        Ok(Self { number, read_model, _in_use: in_use })
    }
}

async fn lock(read_models: &dyn ReadModels) -> Result<Box<dyn Guard>, GenerationError> {
    let deadline = Instant::now() + OPENING_MAX;
    loop {
        match read_models.lock(Work::Opening).await {
            Err(GenerationError::Busy(_)) if Instant::now() < deadline => sleep(LOOK_EVERY).await,
            done => return done,
        }
    }
}
