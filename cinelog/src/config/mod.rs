//! Configuration: one file, every key also in the environment, the few common ones as flags.
//!
//! Later wins: defaults, `cinelog.toml`, `CINELOG__SECTION__KEY`, flags. An unknown key or a bad
//! value is an error that names the key. Each section has a file of its own.

mod bulk;
mod command;
mod edge;
mod gateway;
mod identity;
mod kafka;
mod limits;
mod log;
mod logging;
mod mail;
mod mistakes;
mod objects;
mod projector;
mod providers;
mod proxies;
mod query;
mod read_model;
mod redis;
mod reference;
mod roles;
mod server;
mod sources;
mod telemetry;
mod urls;
mod values;

use std::path::{Path, PathBuf};

use figment::{Figment, providers::Serialized};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::sources::{ConfigFile, Environment};
pub(crate) use self::{
    bulk::BulkConfig,
    command::CommandConfig,
    edge::TlsConfig,
    gateway::{GatewayConfig, is_purge_token},
    identity::{IdentityConfig, Verification},
    kafka::{KafkaConfig, KafkaMechanism, KafkaProtocol},
    limits::LimitsConfig,
    log::LogConfig,
    logging::{LogFormat, LoggingConfig},
    mail::{MailConfig, MailTls},
    mistakes::ConfigError,
    objects::{ObjectsConfig, ObjectsUrl},
    projector::{ProjectorConfig, Source},
    providers::{ProviderConfig, SecretPlace, TrustedIssuerConfig},
    query::{QueryConfig, parse_key},
    read_model::ReadModelConfig,
    redis::RedisConfig,
    reference::reference,
    roles::{Role, Roles},
    server::ServerConfig,
    telemetry::TelemetryConfig,
    urls::{IdentityUrl, LogUrl, ReadModelUrl, ServerUrl},
    values::Secret,
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
    /// Kafka, where events are published for others, and for projectors that are fed by it. Of no meaning
    /// unless `brokers` is set.
    pub(crate) kafka: KafkaConfig,
    /// The read model.
    pub(crate) read_model: ReadModelConfig,
    /// Redis, which several nodes share and can do without.
    pub(crate) redis: RedisConfig,
    /// The write side.
    pub(crate) command: CommandConfig,
    /// Bulk requests (`POST /v1/movies/bulk`) and jobs.
    pub(crate) bulk: BulkConfig,
    /// The projector, which folds the log into the read model.
    pub(crate) projector: ProjectorConfig,
    /// The read side.
    pub(crate) query: QueryConfig,
    /// Caches in front of the query nodes (nginx, Varnish), which are told what to forget.
    pub(crate) gateway: GatewayConfig,
    /// Files that are too large for events: posters, exports.
    pub(crate) objects: ObjectsConfig,
    /// Who may call.
    pub(crate) identity: IdentityConfig,
    /// How much each caller may do, by kind of request. What is not set here has its default.
    pub(crate) limits: LimitsConfig,
    /// How mails to people leave.
    pub(crate) mail: MailConfig,
    /// What is logged, and how.
    pub(crate) logging: LoggingConfig,
    /// Where traces go.
    pub(crate) telemetry: TelemetryConfig,
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

impl Config {
    /// Reads the configuration from `file` (or [`DEFAULT_FILE`], where there is one), the
    /// environment and the flags.
    pub(crate) fn load(file: Option<&Path>, flags: &Overrides) -> Result<Self, ConfigError> {
        Self::read(file, Environment::of_process(), flags)
    }

    fn read(
        file: Option<&Path>,
        environment: Environment,
        flags: &Overrides,
    ) -> Result<Self, ConfigError> {
        let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
        if file.is_some() && !path.is_file() {
            return Err(ConfigError(vec![format!("{}: there is no such file", path.display())]));
        }
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if path.is_file() {
            // Alone, where it cannot be read: no section can be blamed for what is no TOML.
            let file = ConfigFile::read(&path).map_err(|line| ConfigError(vec![line]))?;
            figment = figment.merge(file);
        }
        figment = figment.merge(environment);
        for (key, value) in &flags.0 {
            figment = figment.merge(Serialized::default(key, value));
        }
        let mut config: Self =
            figment.extract().map_err(|error| ConfigError::of(&figment, error))?;
        config.check()?;
        // Where one process does everything, it also relays, if there is anywhere to relay to.
        if config.kafka.is_set() && config.server.roles.is_all() {
            config.server.roles.add(Role::Relay);
        }
        Ok(config)
    }

    /// What no single type can say: what holds between the values of a section, and between sections.
    fn check(&self) -> Result<(), ConfigError> {
        let mut wrong = Vec::new();
        self.check_files(&mut wrong);
        self.check_servers(&mut wrong);
        // A section that is not named here is a mistake that the compiler finds.
        let Self {
            server,
            log,
            kafka,
            read_model,
            redis,
            command: _,
            bulk,
            projector: _,
            query,
            gateway,
            objects,
            identity,
            limits,
            mail,
            logging,
            telemetry,
        } = self;
        server.check(&mut wrong);
        log.check(&mut wrong);
        kafka.check(&mut wrong);
        read_model.check(&mut wrong);
        redis.check(&mut wrong);
        bulk.check(&mut wrong);
        query.check(&mut wrong);
        gateway.check(&mut wrong);
        objects.check(&mut wrong);
        identity.check(&mut wrong);
        mail.check(&mut wrong);
        limits.check(&mut wrong);
        logging.check(&mut wrong);
        telemetry.check(&mut wrong);
        if wrong.is_empty() { Ok(()) } else { Err(ConfigError(wrong)) }
    }

    /// Stores have files of their own.
    fn check_files(&self, wrong: &mut Vec<String>) {
        if self.log.url.file().is_some_and(|log| Some(log) == self.read_model.url.file()) {
            wrong.push(format!(
                "read_model.url: {} is the event log; the read model needs a file of its own",
                self.read_model.url
            ));
        }
        let others = [self.log.url.file(), self.read_model.url.file()];
        if self.identity.url.file().is_some_and(|file| others.contains(&Some(file))) {
            wrong.push(format!(
                "identity.url: {} is the event log or the read model; accounts need a file of their own",
                self.identity.url
            ));
        }
    }

    /// Who needs a server is told where it is, and who is told of other processes has a store that they share.
    fn check_servers(&self, wrong: &mut Vec<String>) {
        if self.server.roles.has(Role::Relay) && !self.kafka.is_set() {
            wrong.push("kafka.brokers: the role relay needs to know where Kafka is".to_owned());
        }
        if self.redis.change_feed && self.read_model.url.file().is_some() {
            wrong.push(
                "redis.change_feed: read_model.url is a file, which no other process reads"
                    .to_owned(),
            );
        }
        if self.projector.source != Source::Kafka {
            return;
        }
        if self.read_model.url.file().is_some() {
            wrong.push(format!(
                "projector.source: \"kafka\" needs a read model on Postgres, for what has come and is not \
                 folded in yet; read_model.url is {}",
                self.read_model.url
            ));
        }
        if !self.kafka.is_set() {
            wrong.push("projector.source: \"kafka\" needs kafka.brokers".to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
