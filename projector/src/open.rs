//! Opening a generation to work on it. The same for every store.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    GenerationError,
    port::{Guard, Place, ReadModel, ReadModels, Work},
};

/// How long another process may take to open the live generation.
const OPENING_MAX: Duration = Duration::from_secs(30);

/// How often it is tried again.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A generation that is open for the projector. As long as this lives, nobody can remove the generation.
pub struct OpenGeneration {
    /// Its number.
    pub number: u64,
    /// What the projector writes to.
    pub read_model: Arc<dyn ReadModel>,
    _in_use: Box<dyn Guard>,
}

impl fmt::Debug for OpenGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenGeneration").field("number", &self.number).finish_non_exhaustive()
    }
}

impl OpenGeneration {
    /// Opens the live generation. If it is gone, a new one is made and becomes live. It gets a new number, so that
    /// caches do not take their answers of the old one for answers of the new one.
    ///
    /// # Errors
    /// [`GenerationError`] if that cannot be done.
    pub async fn live(read_models: &dyn ReadModels) -> Result<Self, GenerationError> {
        // Of several processes that start together, one makes what is missing.
        let _lock = lock(read_models).await?;
        let (is_new, live) = (read_models.is_new().await?, read_models.live().await?);
        // Hold it before looking: then it stays, if it is there.
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
        // Also if it is live already: this writes down that there was a generation.
        read_models.switch(number).await?;
        Ok(opened)
    }

    /// Opens a generation that must exist.
    ///
    /// # Errors
    /// [`GenerationError::Missing`] if it does not; [`GenerationError`] if it cannot be opened.
    pub async fn existing(
        read_models: &dyn ReadModels,
        number: u64,
    ) -> Result<Self, GenerationError> {
        // Hold it before looking: if it were removed in between, opening would make an empty one.
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
