//! The command line: what can be typed, and the help that teaches it.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use identity::Role;
use uuid::Uuid;

use crate::{
    config::{self, Overrides},
    import::{DayOrder, Format},
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
    /// Print an access token, and nothing else
    #[command(after_help = "Example:\n  \
        curl -X POST localhost:8080/v1/movies -H \"Authorization: Bearer $(cinelog token --role editor)\" \\\n       \
        -H 'Content-Type: application/json' -d '{\"title\": \"Playtime\", \"year\": 1967}'")]
    Token(TokenArgs),
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
    /// Print the OpenAPI 3.1 document of the HTTP API
    Openapi,
}

/// `cinelog serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where the API listens [default: 127.0.0.1:8080]; port 0 takes any free port
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Where /livez, /readyz and /metrics listen [default: the API's port + 1000]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// What this process does; repeat it for more than one [default: all of them]
    #[arg(long = "role", value_name = "ROLE", value_enum)]
    pub(crate) roles: Vec<config::Role>,
    /// Load the sample catalogue the first time, and print a token and lines to try
    #[arg(long)]
    pub(crate) demo: bool,
}

/// `cinelog import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files to read, in this order; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Say what would happen, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Begin anew, also where an import of the same file was interrupted
    #[arg(long)]
    pub(crate) restart: bool,
    /// Where what is refused goes [default: FILE.rejects.ndjson beside each file]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Which columns are which fields, such as 'Title=title,"Major Genre"=genres[]'; COLUMN=- leaves
    /// one out. Others are guessed by their headings
    #[arg(long, value_name = "COLUMN=FIELD", help_heading = "What columns are")]
    pub(crate) map: Vec<String>,
    /// The same from a file, a column a line
    #[arg(long, value_name = "FILE", help_heading = "What columns are")]
    pub(crate) map_file: Option<PathBuf>,
    /// What films have about which the file says nothing, such as language=en
    #[arg(long, value_name = "FIELD=VALUE", help_heading = "What columns are")]
    pub(crate) set: Vec<String>,
    /// Guess nothing: take only the columns that were named
    #[arg(long, help_heading = "What columns are")]
    pub(crate) no_guess: bool,
    /// Characters between the names of a list [default: the first of | ; , that a cell has]
    #[arg(long, value_name = "CHARACTERS", help_heading = "What cells mean")]
    pub(crate) separator: Option<String>,
    /// Which number of dates such as 03/04/1999 is the day
    #[arg(long, value_enum, value_name = "ORDER", help_heading = "What cells mean")]
    pub(crate) dates: Option<DayOrder>,
    /// A text that stands for nothing, besides the usual ones
    #[arg(long, value_name = "TEXT", help_heading = "What cells mean")]
    pub(crate) null: Vec<String>,
    /// Let empty cells take away what is known of a film, rather than say nothing
    #[arg(long, help_heading = "What cells mean")]
    pub(crate) clear_empty: bool,
    /// What the files are [default: what their names and beginnings say]
    #[arg(long, value_enum, help_heading = "How files are read")]
    pub(crate) format: Option<Format>,
    /// Their encoding, such as windows-1252 [default: UTF-8, or what a byte order mark says]
    #[arg(long, value_name = "NAME", value_parser = encoding, help_heading = "How files are read")]
    pub(crate) encoding: Option<&'static encoding_rs::Encoding>,
    /// What stands between the cells of CSV [default: the likeliest of , ; | and tab]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, help_heading = "How files are read")]
    pub(crate) delimiter: Option<u8>,
    /// What stands around cells, or none [default: "]
    #[arg(long, value_name = "CHARACTER", value_parser = quote, help_heading = "How files are read")]
    pub(crate) quote: Option<Quote>,
    /// The member of a JSON object that holds the films [default: the first array of objects]
    #[arg(long, value_name = "NAME", help_heading = "How files are read")]
    pub(crate) records: Option<String>,
    /// Of IMDb's titles take series, episodes and games too, not only films
    #[arg(long, help_heading = "IMDb's files")]
    pub(crate) all_types: bool,
    /// Of IMDb's titles take those that title.ratings.tsv has at least so many votes of
    #[arg(long, value_name = "N", help_heading = "IMDb's files")]
    pub(crate) min_votes: Option<u64>,
}

/// What stands around cells: a character, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote(pub(crate) Option<u8>);

/// `cinelog backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The archive to make, such as films.tar
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Replace FILE where it is there already; it stays until the new one is whole and checked
    #[arg(long)]
    pub(crate) force: bool,
}

/// `cinelog restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The archive
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// `cinelog rebuild`.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Build and compare only; `cinelog generation switch` makes the new generation live
    #[arg(long)]
    pub(crate) no_switch: bool,
}

/// `cinelog generation`.
#[derive(Debug, Subcommand)]
pub(crate) enum GenerationCommand {
    /// Print all generations: number, which is live, size, position, file
    List,
    /// Make a generation the live one; a running server follows by itself
    Switch {
        /// Its number
        #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        number: u64,
    },
    /// Remove a generation that is not live
    Remove {
        /// Its number
        #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        number: u64,
    },
}

/// `cinelog parked`.
#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    /// Print the streams: how many events were set aside, and what is wrong with the first
    List,
    /// Try streams again, as after an update of Cinelog that can read what the one before could not
    ///
    /// A running server does it; where none runs, it is done here. Waits for it, and ends with 0 where
    /// all of them could be folded in.
    Retry {
        /// The streams, as `cinelog parked list` prints them
        #[arg(value_name = "STREAM", required_unless_present = "all", conflicts_with = "all")]
        streams: Vec<String>,
        /// All that are parked
        #[arg(long)]
        all: bool,
    },
}

/// `cinelog log`.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Copy an event log into another store, events and idempotency keys as they are
    ///
    /// Works beside a server that writes to the source; what it writes meanwhile is copied too, as far
    /// as it says at the end. Nobody may write to the target. A target that holds a beginning of the
    /// source is continued: so an interrupted copy goes on, and a backup is brought up to date. Any other
    /// target is refused and stays as it is. Every event is read back, and counts and hashes are
    /// compared. The read model is made from the copy when a server is started on it; keys for tokens
    /// and cursors are files of the data folder. docs/promotion.md has it all.
    ///
    /// Exit status: 0 where the target holds what the source holds, 1 where it was refused, 2 where
    /// it could not be done to its end.
    #[command(after_help = "Examples:\n  \
        cinelog log copy --from sqlite:cinelog-data/log.db --to postgres://cinelog@db.example/cinelog\n  \
        cinelog log copy --from postgres://cinelog@db.example/cinelog --to sqlite:backup.db")]
    Copy(CopyArgs),
}

/// `cinelog log copy`.
#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// The log to copy: sqlite:PATH, postgres://… or kurrentdb://…
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// Where to copy it; tables are made, a database must be there
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}

/// `cinelog token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// What its bearer may do: viewer, member (rates films), editor (edits films) or admin
    #[arg(long)]
    pub(crate) role: Role,
    /// How long it is good, such as 30m, 1h or 7d
    #[arg(long, default_value = "1h", value_parser = duration)]
    pub(crate) ttl: std::time::Duration,
    /// Whose token it is [default: a new account]
    #[arg(long, value_name = "UUID")]
    pub(crate) account: Option<Uuid>,
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

fn address(text: &str) -> Result<SocketAddr, String> {
    let spelled = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    spelled
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

fn encoding(text: &str) -> Result<&'static encoding_rs::Encoding, String> {
    encoding_rs::Encoding::for_label(text.as_bytes()).ok_or_else(|| {
        "expected a name such as utf-8, windows-1252, iso-8859-2, utf-16le or shift_jis".to_owned()
    })
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => Ok(*byte),
        b"\\t" | b"tab" => Ok(b'\t'),
        _ => Err("expected one character such as ; or tab".to_owned()),
    }
}

fn quote(text: &str) -> Result<Quote, String> {
    match text.as_bytes() {
        b"none" => Ok(Quote(None)),
        [byte] if byte.is_ascii_punctuation() => Ok(Quote(Some(*byte))),
        _ => Err("expected one character, or none".to_owned()),
    }
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .or_else(|| days(text))
        .and_then(|duration| std::time::Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a time such as 30m, 1h or 7d".to_owned())
}

/// Days have 24 hours here, which durations of civil time do not promise.
fn days(text: &str) -> Option<jiff::SignedDuration> {
    let days: i64 = text.strip_suffix('d')?.trim().parse().ok()?;
    days.checked_mul(24 * 60 * 60).map(jiff::SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn addresses_are_explained_where_they_are_wrong() {
        assert_eq!(address("localhost:80"), address("127.0.0.1:80"));
        for wrong in ["8080", ":8080", "films.example:80", "127.0.0.1"] {
            assert!(address(wrong).unwrap_err().contains("127.0.0.1:8080"), "{wrong}");
        }
    }

    #[test]
    fn durations_are_written_as_people_do() {
        assert_eq!(duration("1h"), Ok(std::time::Duration::from_secs(3_600)));
        assert_eq!(duration("7d"), Ok(std::time::Duration::from_secs(604_800)));
        assert_eq!(duration("1h 30m"), Ok(std::time::Duration::from_secs(5_400)));
        assert!(duration("0s").is_err());
        assert!(duration("-1h").is_err());
        assert!(duration("soon").is_err());
        assert!(duration("99999999999999999d").is_err());
    }
}
