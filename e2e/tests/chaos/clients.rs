//! Those who write and read all through the storm, and know where the nodes are.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use e2e::{Client, Findings, Random, Readers, Writers, history::Operation};

const WRITERS: usize = 10;
const READERS: usize = 6;

/// How long a writer rests between two commands, at most: a storm of ten minutes is to be checked in a
/// minute.
const REST_MAX: Duration = Duration::from_millis(120);

/// After this a client takes an answer for lost, and asks elsewhere.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// All of them.
pub(super) struct Clients {
    writers: Writers,
    readers: Readers,
    doors: Mutex<Doors>,
}

/// Where nodes are asked, by their names.
#[derive(Default)]
struct Doors {
    commands: BTreeMap<&'static str, Vec<String>>,
    queries: BTreeMap<&'static str, Vec<String>>,
}

impl Clients {
    /// They call as `editor` does, and begin when they are told where.
    pub(super) fn start(editor: &Client, random: &mut Random) -> Self {
        let editor = editor.waiting_at_most(PATIENCE);
        let writers = Writers::start_resting(WRITERS, REST_MAX, &editor, random);
        let readers = Readers::start(READERS, &editor, &writers, random);
        Self { writers, readers, doors: Mutex::default() }
    }

    /// A node with these roles is there now.
    pub(super) fn moved(&self, name: &'static str, role: &str, urls: Vec<String>) {
        let mut doors = self.doors();
        if matches!(role, "" | "command") {
            doors.commands.insert(name, urls.clone());
            self.writers.go_on_at(&all(&doors.commands));
        }
        if matches!(role, "" | "query") {
            doors.queries.insert(name, urls);
            self.readers.go_on_at(&all(&doors.queries));
        }
    }

    /// Waits until so many more commands have been acknowledged.
    pub(super) async fn acknowledge(&self, more: usize) {
        self.writers.acknowledge(more).await;
    }

    /// Ends them; gives what they asked and were told.
    pub(super) async fn finish(self) -> (Vec<Operation>, Findings) {
        let operations = self.writers.finish().await;
        (operations, self.readers.finish().await)
    }

    fn doors(&self) -> MutexGuard<'_, Doors> {
        self.doors.lock().expect("nobody panics with it")
    }
}

fn all<'a>(doors: &'a BTreeMap<&'static str, Vec<String>>) -> Vec<&'a str> {
    doors.values().flatten().map(String::as_str).collect()
}
