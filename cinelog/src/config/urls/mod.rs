//! The addresses of stores: the scheme chooses the adapter. Passwords in them are never shown, and what
//! cannot be an address is an error that says what was expected, without repeating what was given.

mod parts;
mod server;

use std::{fmt, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::server::ServerUrl;

/// Where the event log is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) enum LogUrl {
    /// `sqlite:PATH`: a file, relative to the data folder.
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`: a database.
    Postgres(ServerUrl),
    /// `kurrentdb://…` or `kurrentdb+discover://…`: a server or a cluster.
    KurrentDb(ServerUrl),
}

/// Where the read model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) enum ReadModelUrl {
    /// `sqlite:PATH`: a file, relative to the data folder.
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`: a database.
    Postgres(ServerUrl),
}

/// Where accounts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) enum IdentityUrl {
    /// `sqlite:PATH`: a file, relative to the data folder.
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`: a database.
    Postgres(ServerUrl),
}

/// Where Redis is: `redis://…`, or `rediss://…` with TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) struct RedisUrl(ServerUrl);

impl TryFrom<String> for LogUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        match scheme(&url) {
            Some("sqlite") => Ok(Self::Sqlite(file(&url, "sqlite:log.db")?)),
            Some("postgres" | "postgresql") => ServerUrl::postgres(url).map(Self::Postgres),
            Some("kurrentdb" | "kurrentdb+discover") => {
                ServerUrl::kurrentdb(url).map(Self::KurrentDb)
            }
            _ => Err("expected sqlite:PATH (such as sqlite:log.db), \
                 postgres://USER:PASSWORD@HOST/DATABASE or kurrentdb://HOST:PORT"
                .to_owned()),
        }
    }
}

impl TryFrom<String> for ReadModelUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        match scheme(&url) {
            Some("sqlite") => Ok(Self::Sqlite(file(&url, "sqlite:read-model.db")?)),
            Some("postgres" | "postgresql") => ServerUrl::postgres(url).map(Self::Postgres),
            Some("kurrentdb" | "kurrentdb+discover") => {
                Err("KurrentDB keeps no read models, expected sqlite:PATH or \
                 postgres://USER:PASSWORD@HOST/DATABASE"
                    .to_owned())
            }
            _ => Err("expected sqlite:PATH (such as sqlite:read-model.db) or \
                 postgres://USER:PASSWORD@HOST/DATABASE"
                .to_owned()),
        }
    }
}

impl TryFrom<String> for IdentityUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        match scheme(&url) {
            Some("sqlite") => Ok(Self::Sqlite(file(&url, "sqlite:identity.db")?)),
            Some("postgres" | "postgresql") => ServerUrl::postgres(url).map(Self::Postgres),
            _ => Err("expected sqlite:PATH (such as sqlite:identity.db) or \
                 postgres://USER:PASSWORD@HOST/DATABASE"
                .to_owned()),
        }
    }
}

impl TryFrom<String> for RedisUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        match scheme(&url) {
            Some("redis" | "rediss") => ServerUrl::redis(url).map(Self),
            _ => Err("expected redis://USER:PASSWORD@HOST:PORT/DATABASE or rediss://… with TLS"
                .to_owned()),
        }
    }
}

impl RedisUrl {
    /// The address with its password, for whoever connects.
    pub(crate) fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// Whether nobody can listen in.
    pub(crate) fn has_tls(&self) -> bool {
        scheme(self.reveal()) == Some("rediss")
    }
}

impl LogUrl {
    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) | Self::KurrentDb(_) => None,
        }
    }
}

impl ReadModelUrl {
    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl IdentityUrl {
    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for LogUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) | Self::KurrentDb(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for ReadModelUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for IdentityUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl From<RedisUrl> for String {
    fn from(url: RedisUrl) -> Self {
        url.0.to_string()
    }
}

impl From<LogUrl> for String {
    fn from(url: LogUrl) -> Self {
        url.to_string()
    }
}

impl From<ReadModelUrl> for String {
    fn from(url: ReadModelUrl) -> Self {
        url.to_string()
    }
}

impl From<IdentityUrl> for String {
    fn from(url: IdentityUrl) -> Self {
        url.to_string()
    }
}

fn scheme(url: &str) -> Option<&str> {
    url.split_once(':').map(|(scheme, _)| scheme)
}

fn file(url: &str, example: &str) -> Result<PathBuf, String> {
    match url.split_once(':') {
        Some((_, path)) if !path.trim_start_matches('/').is_empty() => Ok(PathBuf::from(path)),
        _ => Err(format!("expected sqlite:PATH, such as {example}")),
    }
}

#[cfg(test)]
mod tests;
