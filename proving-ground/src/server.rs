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
        let url = url_of_service("postgres", "CINELOG_TEST_POSTGRES_URL");
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

/// What the environment says where a server is, or `scripts/services` of this checkout.
pub(crate) fn url_of_service(name: &str, variable: &str) -> Option<String> {
    if let Ok(url) = env::var(variable) {
        return Some(url);
    }
    let above = |folder: &Path| {
        let files = folder.ancestors().map(|above| above.join(".services").join(name).join("url"));
        files.filter_map(|file| fs::read_to_string(file).ok()).next()
    };
    let here = env::current_dir().unwrap_or_default();
    let url = above(Path::new(env!("CARGO_MANIFEST_DIR"))).or_else(|| above(&here))?;
    Some(url.trim().to_owned())
}
