//! Where servers under test keep their log and read model: in their data folder, or on Postgres.
//!
//! With `CINELOG_TEST_STORE=postgres` each data folder has a database of its own: it is made when a
//! command first names the folder, every command that names the folder uses it, and it goes after the
//! folder has. Tests do not know.

use std::{
    collections::HashMap,
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
    thread,
};

use proving_ground::Database;

/// What names the store to test on.
const CHOICE: &str = "CINELOG_TEST_STORE";

static DATABASES: Mutex<Option<HashMap<PathBuf, Database>>> = Mutex::new(None);

/// Whether tests run on Postgres.
pub fn is_postgres() -> bool {
    static POSTGRES: OnceLock<bool> = OnceLock::new();
    *POSTGRES.get_or_init(|| match env::var(CHOICE).as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("{CHOICE} is `sqlite` or `postgres`, not `{other}`"),
    })
}

/// The URL of the database of a data folder, which is made if need be.
pub(crate) fn database_of(data: &Path) -> String {
    let mut databases = DATABASES.lock().expect("nobody panics with it");
    let databases = databases.get_or_insert_default();
    // Those whose data folder can never come back: the temporary folder that it was in is gone.
    databases.retain(|data, _| data.parent().is_none_or(Path::exists));
    databases.entry(data.to_path_buf()).or_insert_with(new_database).url().to_owned()
}

/// What the binary has in its environment so that it finds the store of the folder that `arguments` name.
pub(crate) fn environment(arguments: &[OsString]) -> Vec<(&'static str, OsString)> {
    let data = arguments.iter().skip_while(|argument| *argument != OsStr::new("--data")).nth(1);
    match data {
        Some(data) if is_postgres() => {
            let url = OsString::from(database_of(Path::new(data)));
            vec![
                ("CINELOG__LOG__URL", url.clone()),
                ("CINELOG__IDENTITY__URL", url.clone()),
                ("CINELOG__READ_MODEL__URL", url),
            ]
        }
        _ => Vec::new(),
    }
}

/// Callers are synchronous and run in runtimes of all kinds.
fn new_database() -> Database {
    let making = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(Database::new())
    });
    making.join().expect("a database can be made")
}
