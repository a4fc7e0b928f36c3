//! The command line: what can be typed, and the help that teaches it. What belongs to one command, or to
//! commands about one thing, is in a file of its own.

mod account;
mod archive;
mod import;
mod key;
mod log;
mod objects;
mod read_model;
mod redis;
mod routes;
mod serve;
mod token;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::Overrides;

pub(crate) use self::{
    account::{AccountCommand, CreateArgs},
    archive::{BackupArgs, RestoreArgs},
    import::ImportArgs,
    key::{KeyCommand, RetireArgs, RotateArgs},
    log::{CopyArgs, LogCommand},
    objects::ObjectsCommand,
    read_model::{GenerationCommand, ParkedCommand, RebuildArgs},
    redis::RedisCommand,
    routes::RoutesArgs,
    serve::ServeArgs,
    token::TokenArgs,
};

/// An event-sourced movie catalogue in one program.
///
/// Writes append facts to a log that is never rewritten; a projector folds the log into a read
/// model; a query API serves it. All of it lives in one data folder.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "First steps:\n  \
        cinelog serve --demo              start with about 270 films, and print what to try\n  \
        cinelog token --role editor       print a token for the write API\n  \
        cinelog import films.csv          add films from a file\n  \
        cinelog config check              print the configuration in effect\n\n\
        `cinelog help COMMAND` says more about each."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Configuration file [default: cinelog.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder that holds everything which Cinelog keeps [default: ./cinelog-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server until Ctrl-C or SIGTERM
    Serve(ServeArgs),
    /// Add films from files: NDJSON, JSON, CSV, TSV or IMDb's, packed with gzip or not
    ///
    /// A film that is known (by its IMDb id, else by title and year) is changed where the file says
    /// something else, and left alone where it says the same. A record that is refused stops nothing;
    /// it goes to a file of rejects with its line, the field and what is wrong. It may run beside a
    /// server; interrupted and started again it goes on where it was. docs/import.md has it all.
    ///
    /// Exit status: 0 where everything was taken, 1 where something was refused, 2 where it could
    /// not run to its end.
    #[command(after_help = "Examples:\n  \
        cinelog import films.ndjson\n  \
        cinelog import movies.json --map 'Title=title,\"Major Genre\"=genres[]'\n  \
        cinelog import title.basics.tsv.gz title.crew.tsv.gz name.basics.tsv.gz\n  \
        zcat films.csv.gz | cinelog import - --format csv --dry-run")]
    Import(ImportArgs),
    /// Back up the event log and the keys into one archive, also while the server runs
    ///
    /// All that was acknowledged before is in it. Every event is checked, and the archive is read back,
    /// before it gets its name. Beside FILE there must be room for the log twice. The archive holds the
    /// key that signs tokens: keep it as safe as the data folder. What it does not hold: the
    /// configuration, the read model (it is made from the log), and jobs that are not finished.
    Backup(BackupArgs),
    /// Restore an archive of `cinelog backup` into a data folder that holds no history
    ///
    /// The archive and every event in it are checked before anything gets its place. The read model is
    /// made when the server starts.
    Restore(RestoreArgs),
    /// Prove the read model: fold the log afresh beside it and compare every row
    ///
    /// Works beside a running server, and without one; nothing is stopped and nothing is changed. It
    /// needs as much room in the data folder as the read model has. Ends with 0 where all is as it
    /// should be, with 1 where rows differ, with 2 where it could not be done.
    Verify,
    /// Build the read model anew from the log, compare it with the live one, and switch to it
    ///
    /// Works beside a running server, which answers queries throughout and follows the switch by
    /// itself. The old generation stays, and can be switched back to.
    Rebuild(RebuildArgs),
    /// List, switch or remove generations of the read model
    #[command(subcommand)]
    Generation(GenerationCommand),
    /// List streams that an event has stopped which could not be folded in, or try them again
    #[command(subcommand)]
    Parked(ParkedCommand),
    /// Copy the event log into another store
    #[command(subcommand)]
    Log(LogCommand),
    /// Look at the store of files that are too large for events
    #[command(subcommand)]
    Objects(ObjectsCommand),
    /// Look at what nodes share, and can do without
    #[command(subcommand)]
    Redis(RedisCommand),
    /// Make accounts, list them, and change what they may do
    #[command(subcommand)]
    Account(AccountCommand),
    /// Print an access token, and nothing else
    #[command(after_help = "Example:\n  \
        curl -X POST localhost:8080/v1/movies -H \"Authorization: Bearer $(cinelog token --role editor)\" \\\n       \
        -H 'Content-Type: application/json' -d '{\"title\": \"Playtime\", \"year\": 1967}'")]
    Token(TokenArgs),
    /// The keys that sign access tokens: list them, let a new one take over, retire one
    #[command(subcommand)]
    Key(KeyCommand),
    /// Ask a running Cinelog whether it can do its work; for health checks of containers
    ///
    /// Prints what /readyz says. Ends with 0 where it can, with 1 where it cannot or nothing answers.
    Health {
        /// Its address [default: server.admin_listen, else server.listen, of the configuration]
        #[arg(value_name = "URL")]
        url: Option<String>,
    },
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print who may do what: for each route the role and the scope that it takes
    Routes(RoutesArgs),
    /// Print the OpenAPI 3.1 document of the HTTP API
    Openapi,
    /// Print the AsyncAPI 3 document of the topic of Kafka that events are published to
    Asyncapi,
}

/// `cinelog config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the values in effect, secrets masked, or say what is wrong
    Check,
    /// Print the reference of all keys, as Markdown
    Reference,
}

impl Command {
    /// With which status the process ends where the command has failed. Commands whose answer may be
    /// no say that with 1, and with 2 that there is no answer.
    pub(crate) fn status_of_failure(&self) -> u8 {
        match self {
            Self::Import(_) | Self::Verify | Self::Log(_) => 2,
            _ => 1,
        }
    }
}

impl Cli {
    /// What the flags set, by the keys of the configuration.
    pub(crate) fn overrides(&self) -> Overrides {
        let mut flags = Overrides::default();
        flags.set("server.data", self.global.data.as_ref().map(|path| path.display()));
        if let Command::Serve(serve) = &self.command {
            flags.set("server.listen", serve.listen);
            flags.set("server.admin_listen", serve.admin_listen);
            let roles: Vec<String> = serve.roles.iter().map(ToString::to_string).collect();
            flags.set("server.roles", (!roles.is_empty()).then(|| roles.join(",")));
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
