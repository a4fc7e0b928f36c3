//! Configuration: one file, every key also in the environment, the few common ones as flags.
//!
//! Later wins: defaults, `cinelog.toml`, `CINELOG__SECTION__KEY`, flags. An unknown key or a bad
//! value is an error that names the key. Each section has a file of its own.

mod bulk;
mod command;
mod identity;
mod log;
mod logging;
mod projector;
mod query;
mod read_model;
mod reference;
mod roles;
mod server;
mod urls;
mod values;

use std::path::{Path, PathBuf};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    bulk::BulkConfig,
    command::CommandConfig,
    identity::IdentityConfig,
    log::LogConfig,
    logging::{LogFormat, LoggingConfig},
    projector::ProjectorConfig,
    query::{QueryConfig, parse_key},
    read_model::ReadModelConfig,
    reference::reference,
    roles::{Role, Roles},
    server::ServerConfig,
    urls::{LogUrl, ReadModelUrl, ServerUrl},
};

/// Where the configuration file is looked for when `--config` does not say.
pub(crate) const DEFAULT_FILE: &str = "cinelog.toml";

/// All that can be configured.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The HTTP servers and the data folder.
    pub(crate) server: ServerConfig,
    /// The event log.
    pub(crate) log: LogConfig,
    /// The read model.
    pub(crate) read_model: ReadModelConfig,
    /// The write side.
    pub(crate) command: CommandConfig,
    /// Bulk requests (`POST /v1/movies/bulk`) and jobs.
    pub(crate) bulk: BulkConfig,
    /// The projector, which folds the log into the read model.
    pub(crate) projector: ProjectorConfig,
    /// The read side.
    pub(crate) query: QueryConfig,
    /// Who may call.
    pub(crate) identity: IdentityConfig,
    /// What is logged, and how.
    pub(crate) logging: LoggingConfig,
}

/// What a flag of the command line sets, by the key it stands for.
#[derive(Debug, Default)]
pub(crate) struct Overrides(Vec<(&'static str, String)>);

impl Overrides {
    /// Sets `key` (such as `server.data`) where the flag was given.
    pub(crate) fn set(&mut self, key: &'static str, value: Option<impl ToString>) {
        self.0.extend(value.map(|value| (key, value.to_string())));
    }
}

/// A configuration that cannot be used. One line for each thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n{}", .0.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))]
pub(crate) struct ConfigError(Vec<String>);

impl Config {
    /// Reads the configuration from `file` (or [`DEFAULT_FILE`], where there is one), the
    /// environment and the flags.
    pub(crate) fn load(file: Option<&Path>, flags: &Overrides) -> Result<Self, ConfigError> {
        let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
        if file.is_some() && !path.is_file() {
            return Err(ConfigError(vec![format!("{}: there is no such file", path.display())]));
        }
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if path.is_file() {
            figment = figment.merge(Toml::file_exact(&path));
        }
        // Keys stand under their section; a bare `CINELOG__X` would be a section of that name.
        figment = figment.merge(Env::prefixed("CINELOG__").split("__"));
        for (key, value) in &flags.0 {
            figment = figment.merge(Serialized::default(key, value));
        }
        let config: Self = figment.extract().map_err(|error| Self::mistakes(&figment, error))?;
        config.check()?;
        Ok(config)
    }

    /// The mistakes of all sections: reading the whole stops at the first.
    fn mistakes(figment: &Figment, first: figment::Error) -> ConfigError {
        let mut lines: Vec<String> = first.into_iter().map(|error| describe(&error)).collect();
        macro_rules! section {
            ($($name:ident: $config:ty),+) => {
                $(if let Err(error) = figment.extract_inner::<$config>(stringify!($name)) {
                    lines.extend(error.into_iter().map(|mut error| {
                        // A part that is read alone has its own name last.
                        error.path.retain(|part| part != stringify!($name));
                        error.path.insert(0, stringify!($name).to_owned());
                        describe(&error)
                    }));
                })+
            };
        }
        section!(
            server: ServerConfig, log: LogConfig, read_model: ReadModelConfig,
            command: CommandConfig, bulk: BulkConfig, projector: ProjectorConfig, query: QueryConfig,
            identity: IdentityConfig, logging: LoggingConfig
        );
        lines.sort();
        lines.dedup();
        ConfigError(lines)
    }

    /// What holds between values, which no single type can say.
    fn check(&self) -> Result<(), ConfigError> {
        let mut wrong = Vec::new();
        if self.log.url.file().is_some_and(|log| Some(log) == self.read_model.url.file()) {
            wrong.push(format!(
                "read_model.url: {} is the event log; the read model needs a file of its own",
                self.read_model.url
            ));
        }
        self.server.check(&mut wrong);
        self.log.check(&mut wrong);
        self.read_model.check(&mut wrong);
        self.bulk.check(&mut wrong);
        self.query.check(&mut wrong);
        self.identity.check(&mut wrong);
        self.logging.check(&mut wrong);
        if wrong.is_empty() { Ok(()) } else { Err(ConfigError(wrong)) }
    }
}

/// One line: which key, where it was set, what was wrong with it.
fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let mut line = if key.is_empty() { String::new() } else { format!("{key}: ") };
    line.push_str(&error.kind.to_string());
    if let Some(metadata) = &error.metadata {
        match &metadata.source {
            Some(source) => line.push_str(&format!(" (in {source})")),
            None => line.push_str(&format!(" (in the {})", metadata.name)),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn load(toml: &str) -> Result<Config, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(toml.as_bytes()).unwrap();
        Config::load(Some(file.path()), &Overrides::default()).map_err(|e| e.to_string())
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = load("").unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.log.url.to_string(), "sqlite:log.db");
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = load("[server]\nlissten = \"127.0.0.1:1\"").unwrap_err();
        assert!(error.contains("server") && error.contains("lissten"), "{error}");
        assert!(error.contains("listen"), "it says what there is: {error}");
    }

    #[test]
    fn a_bad_value_is_named_with_what_was_expected() {
        let error = load("[query]\nmax_age = \"soon\"").unwrap_err();
        assert!(error.contains("query.max_age") && error.contains("10m"), "{error}");
        let error = load("[log]\nurl = \"mysql://x\"").unwrap_err();
        assert!(error.contains("log.url") && error.contains("sqlite:"), "{error}");
    }

    #[test]
    fn a_password_is_shown_by_no_error_and_by_no_print_of_the_values() {
        let postgres = "url = \"postgres://cinelog:secret@db.example/films\"";
        let config = load(&format!("[log]\n{postgres}\n[read_model]\n{postgres}")).unwrap();
        for shown in [toml::to_string(&config).unwrap(), format!("{config:?}")] {
            assert!(shown.contains("postgres://cinelog:********@db.example/films"), "{shown}");
            assert!(!shown.contains("secret"), "{shown}");
        }
        let wrong = "url = \"postgres://cinelog:secret@db.example:port/films\"";
        let error = load(&format!("[log]\n{wrong}\n[read_model]\n{wrong}")).unwrap_err();
        assert!(error.contains("log.url") && error.contains("read_model.url"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn the_log_and_the_read_model_may_share_a_database() {
        let postgres = "url = \"postgres://cinelog@localhost/films\"";
        load(&format!("[log]\n{postgres}\n[read_model]\n{postgres}")).unwrap();
    }

    #[cfg(not(feature = "kurrentdb"))]
    #[test]
    fn a_binary_without_kurrentdb_says_how_to_get_one_with_it() {
        let error = load("[log]\nurl = \"kurrentdb://localhost:2113\"").unwrap_err();
        for part in ["log.url", "--features kurrentdb", "Docker"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let error = load("[server]\nbody_limit_bytes = 1\n[read_model]\nreaders = 0").unwrap_err();
        assert!(error.contains("server.body_limit_bytes"), "{error}");
        assert!(error.contains("read_model.readers"), "both are told at once: {error}");
    }

    #[test]
    fn the_log_and_the_read_model_cannot_share_a_file() {
        let error = load("[read_model]\nurl = \"sqlite:log.db\"").unwrap_err();
        assert!(error.contains("read_model.url"), "{error}");
    }

    #[test]
    fn mistakes_in_several_sections_are_told_at_once() {
        let error =
            load("[server]\nlissten = 1\n[query]\nmax_age = 5\n[lgo]\nurl = 1").unwrap_err();
        for key in ["lissten", "query.max_age", "lgo"] {
            assert!(error.contains(key), "{key} in {error}");
        }
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let mut flags = Overrides::default();
        flags.set("server.data", Some("elsewhere"));
        flags.set("server.listen", None::<String>);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[server]\ndata = \"here\"\nlisten = \"127.0.0.1:9\"").unwrap();
        let config = Config::load(Some(file.path()), &flags).unwrap();
        assert_eq!(config.server.data, PathBuf::from("elsewhere"));
        assert_eq!(config.server.listen.port(), 9);
    }

    #[test]
    fn the_effective_values_read_back_as_a_file() {
        let printed = toml::to_string(&Config::default()).unwrap();
        let again = load(&printed).unwrap();
        assert_eq!(toml::to_string(&again).unwrap(), printed);
    }
}
