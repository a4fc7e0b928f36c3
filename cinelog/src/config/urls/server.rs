//! The addresses of servers, and which of them cannot be used.

use std::{fmt, str::FromStr};

use sqlx::postgres::PgConnectOptions;

use super::parts::{NOT_ENCODED, Parts, masked};

/// What may follow the `?` of an address of Postgres. An option that is mistyped is an error: to pass over
/// `sslmdoe=verify-full` would leave the connection open to be listened to.
const POSTGRES_OPTIONS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// The address of a server, which may hold a password. Shown with the password masked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl(String);

impl ServerUrl {
    /// The address with its password, for whoever connects.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`.
    pub(super) fn postgres(url: String) -> Result<Self, String> {
        let expected = "postgres://USER:PASSWORD@HOST:PORT/DATABASE";
        let unreadable = || format!("cannot be read as an address, expected {expected}");
        let parts = Parts::of(&url).ok_or_else(unreadable)?;
        parts.is_encoded()?;
        for (name, _) in parts.parameters() {
            if name != "options"
                && !name.starts_with("options[")
                && !POSTGRES_OPTIONS.contains(&name)
            {
                if parts.query.is_some_and(|query| query.contains('@')) {
                    return Err(NOT_ENCODED.to_owned());
                }
                let known = POSTGRES_OPTIONS.join(", ");
                return Err(format!("{name} is no option of such an address; there are {known}"));
            }
        }
        // Not before: it logs names and values that it does not know.
        let options = PgConnectOptions::from_str(&url).map_err(|_| unreadable())?;
        match options.get_database() {
            Some(_) => Ok(Self(url)),
            None => Err(format!("names no database, expected {expected}")),
        }
    }

    /// `redis://USER:PASSWORD@HOST:PORT/DATABASE` or `rediss://…`.
    pub(super) fn redis(url: String) -> Result<Self, String> {
        let unreadable = || {
            "cannot be read as an address, expected redis://USER:PASSWORD@HOST:PORT/DATABASE or \
             rediss://USER:PASSWORD@HOST:PORT/DATABASE"
                .to_owned()
        };
        let parts = Parts::of(&url).ok_or_else(unreadable)?;
        parts.is_encoded()?;
        let is_host = match parts.hosts.rsplit_once(':') {
            Some((name, port)) => !name.is_empty() && port.parse::<u16>().is_ok(),
            None => !parts.hosts.is_empty(),
        };
        let database = parts.path.trim_matches('/');
        let is_database = database.is_empty() || database.parse::<u16>().is_ok();
        match is_host && is_database && parts.query.is_none() {
            true => Ok(Self(url)),
            false => Err(unreadable()),
        }
    }

    /// `kurrentdb://USER:PASSWORD@HOST:PORT,HOST:PORT?tls=…`.
    pub(super) fn kurrentdb(url: String) -> Result<Self, String> {
        let parts = Parts::of(&url);
        if let Some(parts) = &parts {
            parts.is_encoded()?;
        }
        let hosts = parts.map(|parts| parts.hosts).unwrap_or_default();
        let is_host = |host: &str| match host.rsplit_once(':') {
            Some((name, port)) => !name.is_empty() && port.parse::<u16>().is_ok(),
            None => !host.is_empty(),
        };
        match hosts.split(',').all(is_host) {
            true => Ok(Self(url)),
            false => Err("cannot be read as an address, expected \
                 kurrentdb://USER:PASSWORD@HOST:PORT?tls=true or kurrentdb+discover://HOST"
                .to_owned()),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", masked(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<ServerUrl, String> {
        match url.starts_with("postgres:") {
            true => ServerUrl::postgres(url.to_owned()),
            false => ServerUrl::kurrentdb(url.to_owned()),
        }
    }

    #[test]
    fn a_password_that_is_not_encoded_is_refused_and_no_part_of_it_is_shown() {
        for odd in [
            "postgres://cinelog:se@cr/et#pw@host",
            "postgres://cinelog:se@cr/et#pw@host/films",
            "postgres://cinelog:secr@etpw@host/films",
            "postgres://cinelog:12/secretpw@host/films",
            "postgres://cinelog:12/films#secretpw@host",
            "postgres://cinelog:12/films?secretpw@host",
            "postgres://cinelog:12/films?secretpw=x@host/films",
            "postgres://host/films?password=se#cretpw",
            "kurrentdb://cinelog:se@cr/et#pw@host:2113",
        ] {
            assert_eq!(read(odd), Err(NOT_ENCODED.to_owned()), "{odd}");
        }
        assert!(read("postgres://cinelog:se%40cr%2Fet%23pw@host/films").is_ok());
    }
}
