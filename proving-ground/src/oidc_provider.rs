//! The OpenID provider that all tests share.

use crate::{server::url_of_service, url::address};

/// An OpenID provider that runs already, with the clients and users of `scripts/services.d/oidc/server.mjs`. It
/// may not be stopped: others use it too. Who reaches it by another address (a proxy) has a provider of that
/// address, which nobody else uses.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    url: String,
}

impl OidcProvider {
    /// The one of `CINELOG_TEST_OIDC_URL` (`http://cinelog:SECRET@HOST:PORT`), or the one that
    /// `scripts/services up oidc` started in this checkout.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn running() -> Self {
        let url = url_of_service("oidc", "CINELOG_TEST_OIDC_URL").expect(
            "these tests need an OpenID provider: run scripts/services up oidc, \
             or set CINELOG_TEST_OIDC_URL to http://cinelog:SECRET@HOST:PORT",
        );
        Self { url }
    }

    /// Its name, and where it is, such as `http://127.0.0.1:18090`.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `host:port`, for a proxy.
    pub fn address(&self) -> &str {
        address(&self.url)
    }

    /// The secret of all its clients.
    pub fn client_secret(&self) -> &str {
        let login = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let login = login.split_once('@').map_or("", |(login, _)| login);
        login.split_once(':').map_or("", |(_, secret)| secret)
    }
}
