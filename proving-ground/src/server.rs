//! The Postgres server that all tests share.

use std::{env, fs, path::Path};

/// A Postgres server that runs already, and may not be stopped: others use it too.
#[derive(Clone, Debug)]
pub struct PostgresServer {
    url: String,
}

impl PostgresServer {
    /// The one of `CINELOG_TEST_POSTGRES_URL`, or the one that `scripts/services up postgres` started in
    /// this checkout.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn running() -> Self {
        if let Ok(url) = env::var("CINELOG_TEST_POSTGRES_URL") {
            return Self { url };
        }
        let here = env::current_dir().unwrap_or_default();
        let url = url_above(Path::new(env!("CARGO_MANIFEST_DIR"))).or_else(|| url_above(&here));
        let url = url.expect(
            "these tests need Postgres: run scripts/services up postgres, \
             or set CINELOG_TEST_POSTGRES_URL to the URL of a superuser",
        );
        Self { url }
    }

    /// Its URL, of a superuser, with the database `postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its URL with another database.
    pub fn url_of(&self, database: &str) -> String {
        crate::url::with_database(&self.url, database)
    }
}

fn url_above(folder: &Path) -> Option<String> {
    let file = folder.ancestors().map(|above| above.join(".services/postgres/url"));
    let url = file.filter_map(|file| fs::read_to_string(file).ok()).next()?;
    Some(url.trim().to_owned())
}
