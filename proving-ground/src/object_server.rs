//! The S3 server that all tests share.

use crate::{owner::new_name, server::url_of_service, url::address};

/// A server that speaks S3 and runs already, and a part of its bucket that nobody else uses. It may not be
/// stopped: others use it too.
#[derive(Clone, Debug)]
pub struct ObjectServer {
    url: String,
    prefix: String,
}

impl ObjectServer {
    /// The one of `CINELOG_TEST_S3_URL` (`http://KEY:SECRET@HOST:PORT/BUCKET`), or the one that
    /// `scripts/services up s3` started in this checkout.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn running() -> Self {
        let url = url_of_service("s3", "CINELOG_TEST_S3_URL").expect(
            "these tests need an S3 server: run scripts/services up s3, \
             or set CINELOG_TEST_S3_URL to http://KEY:SECRET@HOST:PORT/BUCKET",
        );
        // Parts of names have no dots and no upper case; neither has this.
        Self { url, prefix: new_name() }
    }

    /// Where requests go, such as `http://127.0.0.1:17070`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `host:port`, for a proxy.
    pub fn address(&self) -> &str {
        address(&self.url)
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// What the names of this test's objects begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The id of the key.
    pub fn access_key_id(&self) -> &str {
        self.login().0
    }

    /// The key itself.
    pub fn secret_access_key(&self) -> &str {
        self.login().1
    }

    fn login(&self) -> (&str, &str) {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let login = rest.split_once('@').map_or("", |(login, _)| login);
        login.split_once(':').unwrap_or((login, ""))
    }
}
