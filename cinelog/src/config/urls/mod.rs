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
mod tests {
    use super::*;

    fn log(url: &str) -> Result<LogUrl, String> {
        LogUrl::try_from(url.to_owned())
    }

    #[test]
    fn every_kind_of_log_has_its_scheme() {
        assert_eq!(log("sqlite:log.db"), Ok(LogUrl::Sqlite("log.db".into())));
        for url in ["postgres://u@h/d", "postgresql://u:p@h:5433/d?sslmode=verify-full"] {
            assert!(matches!(log(url), Ok(LogUrl::Postgres(_))), "{url}");
        }
        for url in [
            "kurrentdb://localhost:2113?tls=false",
            "kurrentdb+discover://u:p@films.example",
            "kurrentdb://a:2113,b:2113,c:2113",
        ] {
            assert!(matches!(log(url), Ok(LogUrl::KurrentDb(_))), "{url}");
        }
    }

    #[test]
    fn the_read_model_is_in_no_event_store() {
        let refused = ReadModelUrl::try_from("kurrentdb://h:2113".to_owned()).unwrap_err();
        assert!(refused.contains("postgres://"), "{refused}");
        assert!(ReadModelUrl::try_from("postgres://h/d".to_owned()).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for wrong in [
            "postgres://u:secret@h:port/d",
            "postgres://u:secret@h",
            "postgres://u:secret@h/d?sslmode=maybe",
            "postgres://u:secret@h/d?sslmdoe=verify-full",
            "postgres:secret",
            "kurrentdb://",
            "kurrentdb://u:secret@",
            "kurrentdb://u:secret@h:x",
            "mysql://u:secret@h",
            "secret",
            "sqlite:",
        ] {
            let error = log(wrong).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
            assert!(error.contains("expected") || error.contains("sslmode"), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_shown_and_always_given_to_whoever_connects() {
        for (url, shown) in [
            ("postgres://u:secret@h:5433/d", "postgres://u:********@h:5433/d"),
            ("postgres://u:se%2Fcret@h/d", "postgres://u:********@h/d"),
            ("postgres://u@h/d?password=secret", "postgres://u@h/d?password=********"),
            (
                "postgres://h/d?user=u&password=secret&sslmode=require",
                "postgres://h/d?user=u&password=********&sslmode=require",
            ),
            ("kurrentdb://u:sec:ret@a:1,b:2?tls=true", "kurrentdb://u:********@a:1,b:2?tls=true"),
        ] {
            let parsed = log(url).unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert!(!format!("{parsed:?}").contains("secret"), "{parsed:?}");
            assert_eq!(log(shown).unwrap().to_string(), shown, "what is shown can be read again");
            let (LogUrl::Postgres(server) | LogUrl::KurrentDb(server)) = parsed else { panic!() };
            assert_eq!(server.reveal(), url);
        }
    }
}
