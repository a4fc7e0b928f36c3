//! The addresses of stores: the scheme chooses the adapter. Passwords in them are never shown, and what
//! cannot be an address is an error that says what was expected, without repeating what was given.

use std::{fmt, path::PathBuf, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;

/// What stands in the place of a password.
const MASK: &str = "********";

/// What is wrong with an address whose parts cannot be told from each other. Shows nothing of it: what
/// looks like a host may be a part of the password.
const NOT_ENCODED: &str = "holds an @, / or # in the user's name or the password (or another #): \
    percent-encode the password (@ is %40, / is %2F, # is %23, ? is %3F, % is %25)";

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
    fn postgres(url: String) -> Result<Self, String> {
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

    /// `kurrentdb://USER:PASSWORD@HOST:PORT,HOST:PORT?tls=…`.
    fn kurrentdb(url: String) -> Result<Self, String> {
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

/// An address taken apart only so far that what is secret in it can be found, however odd it is.
struct Parts<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    password: Option<&'a str>,
    hosts: &'a str,
    /// With its slash.
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        // A password may hold slashes that should have been written as %2F: the last @ ends it.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let (hosts, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, "")))
        {
            Some((user, "")) => (Some(user), None),
            Some((user, password)) => (Some(user), Some(password)),
            None => (None, None),
        };
        Some(Self { scheme, user, password, hosts, path, query })
    }

    /// Whether others find the same parts: they take the first `/`, `?` or `#` for the end of the hosts.
    fn is_encoded(&self) -> Result<(), String> {
        let mut login = [self.user, self.password].into_iter().flatten();
        let is_odd = login.any(|part| part.contains(['@', '/', '#']))
            || [self.hosts, self.path].iter().any(|part| part.contains('#'))
            || self
                .parameters()
                .any(|(name, value)| name.contains(['@', '#']) || value.contains('#'));
        match is_odd {
            true => Err(NOT_ENCODED.to_owned()),
            false => Ok(()),
        }
    }

    /// What is behind the `?`, as it stands there.
    fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let query = self.query.unwrap_or_default();
        let named = query.split('&').filter(|parameter| !parameter.is_empty());
        named.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
    }
}

/// The address with every password masked.
fn masked(url: &str) -> String {
    let Some(parts) = Parts::of(url) else { return MASK.to_owned() };
    let mut text = format!("{}://", parts.scheme);
    if let Some(user) = parts.user {
        text.push_str(user);
        if parts.password.is_some() {
            text.push(':');
            text.push_str(MASK);
        }
        text.push('@');
    }
    text.push_str(parts.hosts);
    text.push_str(parts.path);
    for (index, (name, value)) in parts.parameters().enumerate() {
        let value = if name.to_lowercase().contains("password") { MASK } else { value };
        text.push_str(&format!("{}{name}={value}", if index == 0 { '?' } else { '&' }));
    }
    text
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
            assert_eq!(log(odd), Err(NOT_ENCODED.to_owned()), "{odd}");
        }
        assert!(log("postgres://cinelog:se%40cr%2Fet%23pw@host/films").is_ok());
    }

    #[test]
    fn what_is_masked_hides_passwords_that_were_not_encoded_right() {
        for odd in ["postgres://u:a/b@c/secret@h/d", "postgres://u:a@secret@h/d", "secret"] {
            assert!(!masked(odd).contains("secret"), "{}", masked(odd));
        }
    }
}
