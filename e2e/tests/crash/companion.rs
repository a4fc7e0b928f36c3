//! What else is under way when a server is killed, and what must have become of it.

use std::path::PathBuf;

use e2e::{
    Answer, Client, Output, PATIENCE, Process, Random, Server,
    history::{Fact, assert_none, check_grown},
    run,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::text;

/// Films in a file to import, or in a job.
const FILMS: usize = 300;

/// How often, of a hundred times, the companion is killed with the server.
const KILLED_PERCENT: u64 = 50;

/// Something that is under way beside the writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Companion {
    Nothing,
    Backup,
    Import,
    Rebuild,
    Job,
}

/// One that has been started.
pub(super) struct Running {
    kind: Companion,
    round: usize,
    /// Another process than the server's.
    process: Option<Process>,
    /// What became of that, where it was not killed.
    output: Option<Output>,
    /// The archive or the file to import.
    file: PathBuf,
    /// Where the job is.
    job: String,
}

impl Companion {
    pub(super) const ALL: [Self; 5] =
        [Self::Nothing, Self::Backup, Self::Import, Self::Rebuild, Self::Job];

    /// Starts it.
    pub(super) async fn start(self, round: usize, server: &Server, editor: &Client) -> Running {
        let file = server.data().with_file_name(format!("{round}"));
        let mut running =
            Running { kind: self, round, process: None, output: None, file, job: String::new() };
        match self {
            Self::Nothing => {}
            Self::Import => std::fs::write(&running.file, running.films()).expect("it is written"),
            Self::Backup | Self::Rebuild => {}
            Self::Job => running.job = running.submit(&editor.at(&server.url)).await,
        }
        running.process = running.arguments(server).map(Process::start);
        running
    }
}

impl Running {
    /// The command line; none for what runs within the server.
    fn arguments(&self, server: &Server) -> Option<Vec<String>> {
        let (from, to) = (e2e::log_url(server.data()), format!("sqlite:{}", text(&self.file)));
        let mut arguments = match self.kind {
            Companion::Nothing | Companion::Job => return None,
            // What is on Postgres is backed up by a copy in a file.
            Companion::Backup if e2e::is_postgres() => {
                vec!["log", "copy", "--from", &from, "--to", &to]
            }
            Companion::Backup => vec!["backup", text(&self.file)],
            Companion::Import => vec!["import", text(&self.file)],
            Companion::Rebuild => vec!["rebuild"],
        };
        arguments.extend(["--data", text(server.data())]);
        Some(arguments.into_iter().map(str::to_owned).collect())
    }

    /// What the films of this round are called, each with a number behind it.
    fn title(&self) -> String {
        format!("{:?} {} film", self.kind, self.round)
    }

    fn films(&self) -> String {
        let film = |number: usize| {
            let imdb = format!("tt{:04}{number:04}", self.round);
            let title = format!("{} {number}", self.title());
            format!("{}\n", json!({"title": title, "external_ids": {"imdb": imdb}}))
        };
        (0..FILMS).map(film).collect()
    }

    async fn submit(&self, editor: &Client) -> String {
        let request = editor
            .request(Method::POST, "/v1/movies/bulk")
            .header("Content-Type", "application/x-ndjson")
            .header("Prefer", "respond-async")
            .header("Idempotency-Key", format!("job-{}", self.round));
        let answer = Answer::to(request.body(self.films())).await.expect(202);
        answer.header("Location").to_owned()
    }

    /// The server has been killed; this is killed too, or ends by itself.
    pub(super) fn server_died(&mut self, random: &mut Random) {
        if let Some(process) = self.process.take() {
            if random.percent(KILLED_PERCENT) {
                process.kill();
            } else {
                self.output = Some(process.wait().expect_success());
            }
        }
    }

    /// Makes sure that it has had its effect, or none and can be done again; without repair.
    pub(super) async fn is_well(&self, server: &Server, editor: &Client) {
        match self.kind {
            Companion::Nothing => {}
            Companion::Backup => self.backup_is_whole(server).await,
            Companion::Rebuild => {
                self.again(server);
            }
            Companion::Import => {
                self.again(server);
                self.films_are_there_once(server).await;
            }
            Companion::Job => {
                self.job_is_done(editor).await;
                self.films_are_there_once(server).await;
            }
        }
    }

    /// Does it to its end.
    fn again(&self, server: &Server) -> Output {
        run(self.arguments(server).expect("a process of its own")).expect_success()
    }

    async fn backup_is_whole(&self, server: &Server) {
        if self.output.is_some() {
            assert!(self.file.is_file(), "it was said to be there");
        }
        let restored = if e2e::is_postgres() {
            // A copy that was cut off goes on where it was.
            self.again(server);
            e2e::facts_in(&self.file).await
        } else {
            if !self.file.is_file() {
                self.again(server);
            }
            let data = self.file.with_extension("restored");
            run(["restore", text(&self.file), "--data", text(&data)]).expect_success();
            e2e::facts(&data).await
        };
        assert_none(&check_grown(&restored, &e2e::facts(server.data()).await));
    }

    async fn films_are_there_once(&self, server: &Server) {
        let title = format!("\"{} ", self.title());
        let made =
            |fact: &&Fact| fact.event_type == "MovieCreated" && fact.data.contains(title.as_str());
        let log = e2e::facts(server.data()).await;
        assert_eq!(log.iter().filter(made).count(), FILMS);
    }

    async fn job_is_done(&self, editor: &Client) {
        let done = async {
            loop {
                let job = editor.get(&self.job).await.expect(200).json();
                match job["state"].as_str() {
                    Some("done") => return,
                    Some("queued" | "running") => {}
                    _ => panic!("{job:#}"),
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, done).await.expect("it is done in time");
        let results = editor.get(&format!("{}/results", self.job)).await.expect(200);
        let lines: Vec<Value> =
            results.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), FILMS);
        for (line, number) in lines.iter().zip(1..) {
            assert_eq!((&line["line"], &line["status"]), (&json!(number), &json!(201)), "{line}");
        }
    }
}
