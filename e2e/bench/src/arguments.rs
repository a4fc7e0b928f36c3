//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};

/// Measures Cinelog against the bare thing, and prints a table in Markdown.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// What to measure [default: all but what needs other servers]
    #[arg(value_name = "SECTION")]
    sections: Vec<Section>,
    /// Small data and short runs: shows that everything works, and measures little
    #[arg(long)]
    pub(crate) quick: bool,
    /// Films in the large catalogue [default: 1,000,000, on Postgres 100,000]; the others have 10,000
    /// and 50,000 where it is large enough
    #[arg(long, value_name = "N")]
    films: Option<u64>,
    /// The binary to measure
    #[arg(long, default_value = "target/release/cinelog", value_name = "FILE")]
    pub(crate) binary: PathBuf,
    /// Where data sets are kept from run to run
    #[arg(long, default_value = "target/bench-data", value_name = "DIR")]
    pub(crate) cache: PathBuf,
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
}

/// What the benchmark runs as a process of its own, to be measured from outside.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// A server that gives the same bytes to every request
    #[command(hide = true)]
    BareBytes { folder: PathBuf },
    /// A server that gives a row of the read model
    #[command(hide = true)]
    BareRows { read_model: PathBuf },
    /// A server that gives a row of the read model on Postgres
    #[command(hide = true)]
    PostgresRows { url: PathBuf },
}

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// Durable commands a second
    Commands,
    /// One film: hot, not modified, cold
    Reads,
    /// A list and a deep page of it, in a small and a large catalogue
    Lists,
    /// How fast a new read model catches up with the log
    CatchUp,
    /// How long after a write a read shows it
    Lag,
    /// Memory, start-up, import, size on disk
    Footprint,
    /// Reads and ratings beside a flood of wrong passwords, and of slow clients
    Identity,
    /// All of the following, on a Postgres of its own
    Postgres,
    /// Durable commands a second, against pgbench and COPY
    PostgresCommands,
    /// How fast a new read model catches up with the log, against COPY
    PostgresCatchUp,
    /// One film and lists, against SQLite
    PostgresReads,
    /// How long after a write a read shows it, over three processes
    PostgresLag,
    /// How fast a log is copied to Postgres, against COPY
    PostgresCopy,
    /// All of the following, with servers of its own
    Distributed,
    /// The relay and a projector that Kafka feeds, against Kafka's own performance test and the log
    Kafka,
    /// A mix of reads, directly and through nginx and Varnish, while ratings purge
    Gateway,
    /// Films with a cache that nodes share on Redis, without, and with a Redis that is dead
    Redis,
}

/// What [`Section::Postgres`] stands for.
const ON_POSTGRES: [Section; 5] = [
    Section::PostgresCommands,
    Section::PostgresCatchUp,
    Section::PostgresReads,
    Section::PostgresLag,
    Section::PostgresCopy,
];

/// What [`Section::Distributed`] stands for.
const DISTRIBUTED: [Section; 3] = [Section::Kafka, Section::Gateway, Section::Redis];

impl Arguments {
    /// The sections to run, in the order of the table.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let stand_for_others = [Section::Postgres, Section::Distributed];
        let all = Section::value_variants().iter().copied();
        let all = all.filter(|section| !stand_for_others.contains(section));
        all.filter(|section| self.is_asked_for(*section)).collect()
    }

    fn is_asked_for(&self, section: Section) -> bool {
        let is_on_postgres = ON_POSTGRES.contains(&section);
        let is_distributed = DISTRIBUTED.contains(&section);
        if self.sections.is_empty() {
            return !is_on_postgres && !is_distributed;
        }
        self.sections.contains(&section)
            || is_on_postgres && self.sections.contains(&Section::Postgres)
            || is_distributed && self.sections.contains(&Section::Distributed)
    }

    /// Films in the large catalogue.
    pub(crate) fn films(&self) -> u64 {
        self.films_or(1_000_000)
    }

    /// Films in the large catalogue on Postgres, which is made anew in each run.
    pub(crate) fn films_on_postgres(&self) -> u64 {
        self.films_or(100_000)
    }

    fn films_or(&self, default: u64) -> u64 {
        let films = self.films.unwrap_or(default);
        if self.quick { films.min(20_000) } else { films }.max(2_000)
    }

    /// Films in the small catalogue.
    pub(crate) fn films_small(&self) -> u64 {
        (self.films() / 10).min(10_000)
    }

    /// Films in the catalogue that is caught up with, and imported, again and again.
    pub(crate) fn films_middle(&self) -> u64 {
        (self.films() / 4).min(50_000)
    }

    /// How long one run lasts, and how often each side has its turn.
    pub(crate) fn runs(&self) -> Runs {
        if self.quick {
            let (warm_up, duration) = (Duration::from_millis(200), Duration::from_millis(500));
            Runs { warm_up, duration, rounds: 3 }
        } else {
            Runs {
                warm_up: Duration::from_millis(500),
                duration: Duration::from_secs(2),
                rounds: 5,
            }
        }
    }
}

/// How long one run lasts, and how often each side has its turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Runs {
    /// What is not counted, at the beginning of a run.
    pub(crate) warm_up: Duration,
    /// What is counted.
    pub(crate) duration: Duration,
    /// How often both sides run.
    pub(crate) rounds: usize,
}
