//! The Redis that all tests share.

use std::{env, fs, path::Path};

use crate::owner::new_name;

/// A Redis that runs already, and may be neither stopped nor emptied: others use it too. What a test
/// puts there it puts under a prefix of its own, with an end to it.
#[derive(Clone, Debug)]
pub struct RedisServer {
    url: String,
}

impl RedisServer {
    /// The one of `CINELOG_TEST_REDIS_URL`, or the one that `scripts/services up redis` started in this
    /// checkout.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn running() -> Self {
        if let Ok(url) = env::var("CINELOG_TEST_REDIS_URL") {
            return Self { url };
        }
        let here = env::current_dir().unwrap_or_default();
        let url = url_above(Path::new(env!("CARGO_MANIFEST_DIR"))).or_else(|| url_above(&here));
        let url = url.expect(
            "these tests need Redis: run scripts/services up redis, or set CINELOG_TEST_REDIS_URL",
        );
        Self { url }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the names of a test's keys begin with: no other test has the same, nor has a later run.
    pub fn new_prefix() -> String {
        new_name()
    }
}

fn url_above(folder: &Path) -> Option<String> {
    let file = folder.ancestors().map(|above| above.join(".services/redis/url"));
    let url = file.filter_map(|file| fs::read_to_string(file).ok()).next()?;
    Some(url.trim().to_owned())
}
