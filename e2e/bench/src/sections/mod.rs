//! The sections of the table, in its order.

mod catch_up;
mod commands;
mod footprint;
mod gateway;
mod identity;
mod kafka;
mod lag;
mod lists;
mod postgres;
mod reads;
mod redis;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{
    arguments::{Arguments, Runs, Section},
    dataset::Dataset,
    figure::{Figure, table},
    machine,
    postgres::{Catalogue, Postgres},
};

/// What the sections work with.
pub(crate) struct Bench<'a> {
    arguments: &'a Arguments,
    /// The released binary.
    pub(crate) binary: PathBuf,
    /// For data that is thrown away; on the same disk as the data sets.
    scratch: TempDir,
    /// Started when it is first asked for.
    postgres: OnceCell<Postgres>,
    /// How long and how often.
    pub(crate) runs: Runs,
}

impl Bench<'_> {
    /// The folder for data that is thrown away.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The folder that is kept, for servers that delete what they put into it.
    pub(crate) fn parent(&self) -> &Path {
        &self.arguments.cache
    }

    /// Whether only to show that it works.
    pub(crate) fn is_quick(&self) -> bool {
        self.arguments.quick
    }

    /// The small catalogue.
    pub(crate) async fn small(&self) -> Dataset {
        self.dataset(self.arguments.films_small()).await
    }

    /// The one in between.
    pub(crate) async fn middle(&self) -> Dataset {
        self.dataset(self.arguments.films_middle()).await
    }

    /// The large one.
    pub(crate) async fn large(&self) -> Dataset {
        self.dataset(self.arguments.films()).await
    }

    /// The server that all sections on Postgres share.
    pub(crate) async fn postgres(&self) -> &Postgres {
        self.postgres.get_or_init(|| Postgres::start(&self.arguments.cache)).await
    }

    /// The small catalogue on Postgres.
    pub(crate) async fn small_on_postgres(&self) -> Catalogue {
        let data = self.small().await;
        self.postgres().await.catalogue(&data, &self.binary, self.scratch()).await
    }

    /// The large catalogue on Postgres.
    pub(crate) async fn large_on_postgres(&self) -> Catalogue {
        let data = self.dataset(self.arguments.films_on_postgres()).await;
        self.postgres().await.catalogue(&data, &self.binary, self.scratch()).await
    }

    async fn dataset(&self, films: u64) -> Dataset {
        Dataset::of(films, &self.arguments.cache, &self.binary).await
    }
}

/// Runs the sections that were asked for, and prints the table.
pub(crate) async fn run(arguments: &Arguments) {
    fs::create_dir_all(&arguments.cache).expect("the cache folder can be made");
    let binary = arguments.binary.canonicalize();
    let bench = Bench {
        arguments,
        binary: binary.expect("the binary is missing: use e2e/bench/run, which builds it"),
        scratch: tempfile::tempdir_in(&arguments.cache).expect("a folder for scratch data"),
        postgres: OnceCell::new(),
        runs: arguments.runs(),
    };
    let machine = machine::description();
    let mut figures = Vec::new();
    for section in arguments.sections() {
        let begun = Instant::now();
        eprintln!("{section:?} …");
        let of_section: Vec<Figure> = match section {
            Section::Commands => commands::measure(&bench).await,
            Section::Reads => reads::measure(&bench).await,
            Section::Lists => lists::measure(&bench).await,
            Section::CatchUp => catch_up::measure(&bench).await,
            Section::Lag => lag::measure(&bench).await,
            Section::Footprint => footprint::measure(&bench).await,
            Section::Identity => identity::measure(&bench).await,
            Section::PostgresCommands => postgres::commands::measure(&bench).await,
            Section::PostgresCatchUp => postgres::catch_up::measure(&bench).await,
            Section::PostgresReads => postgres::reads::measure(&bench).await,
            Section::PostgresLag => postgres::lag::measure(&bench).await,
            Section::PostgresCopy => postgres::copy::measure(&bench).await,
            Section::Kafka => kafka::measure(&bench).await,
            Section::Gateway => gateway::measure(&bench).await,
            Section::Redis => redis::measure(&bench).await,
            Section::Postgres | Section::Distributed => unreachable!("they stand for others"),
        };
        eprint!("{}", table(&of_section));
        eprintln!("{section:?} took {:.0} s", begun.elapsed().as_secs_f64());
        figures.extend(of_section);
    }
    println!("Measured on {machine}\n\n{}", table(&figures));
}
