//! Files that others made become films: beside a server, again and again, and after a kill.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use e2e::{Output, PATIENCE, Process, Server, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How soon it is looked again whether something has come to pass.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

fn file(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Imports a file; `flags` come before it.
fn import(data: &Path, flags: &[&str], file: &Path) -> Output {
    let mut arguments = vec!["import".into(), "--data".into(), data.as_os_str().to_owned()];
    arguments.extend(flags.iter().map(Into::into));
    arguments.push(file.as_os_str().to_owned());
    run(arguments)
}

/// The same; gives the summary.
#[track_caller]
fn summary(data: &Path, flags: &[&str], file: &Path) -> Value {
    let flags: Vec<&str> = flags.iter().copied().chain(["--json"]).collect();
    let output = import(data, &flags, file);
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn counts(summary: &Value) -> [u64; 4] {
    ["created", "changed", "unchanged", "refused"].map(|name| summary[name].as_u64().unwrap())
}

#[tokio::test]
async fn films_are_seen_soon_where_a_server_runs_beside_the_import() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let csv = file(&folder, "a.csv", "Title,Release Date,Major Genre\nAlien,25-May-79,Horror\n");
    assert_eq!(counts(&summary(server.data(), &[], &csv)), [1, 0, 0, 0]);
    // The first event of this log.
    let films = server.anyone().get_at("/v1/movies?genre=horror", 1).await;
    let films = films.expect(200).json();
    assert_eq!(films["items"][0]["title"], "Alien");
    assert_eq!(films["items"][0]["release_date"], "1979-05-25");
}

#[tokio::test]
async fn a_film_that_came_over_http_is_found_by_its_imdb_id_or_by_title_and_year() {
    let server = Server::start();
    let editor = server.caller("editor");
    let ran = json!({"title": "Ran", "external_ids": {"imdb": "tt0089881"}});
    let ran = editor.post("/v1/movies", ran).await.expect(201);
    editor.post("/v1/movies", json!({"title": "Stalker", "year": 1979})).await.expect(201);
    let seen = server.anyone().get_at("/v1/movies", 2).await;
    assert_eq!(seen.expect(200).json()["items"].as_array().unwrap().len(), 2);

    let folder = tempfile::tempdir().unwrap();
    let text =
        "imdb_id,title,year,runtime\ntt0089881,Ran,1985,162\n,stalker,1979,162\n,Stalker,1980,\n";
    let csv = file(&folder, "a.csv", text);
    assert_eq!(counts(&summary(server.data(), &[], &csv)), [1, 2, 0, 0]);
    let film = ran.header("Location");
    let seen = server.anyone().get_at(film, 5).await.expect(200);
    assert_eq!(seen.json()["runtime_minutes"], 162);
}

#[test]
fn the_status_tells_whether_everything_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let good = file(&folder, "good.ndjson", "{\"title\": 300}\n");
    let bad = file(&folder, "bad.ndjson", "{\"title\": 300}\nrubbish\n{\"title\": null}\n");
    assert_eq!(import(&data, &[], &good).status, Some(0));
    let output = import(&data, &[], &bad);
    assert_eq!(output.status, Some(1));
    assert!(output.stdout.contains("0 created, 0 changed, 1 unchanged, 2 refused"), "{output:?}");
    let rejects = std::fs::read_to_string(folder.path().join("bad.ndjson.rejects.ndjson")).unwrap();
    assert_eq!(rejects.lines().count(), 2, "{rejects}");
    let gone = import(&data, &[], &folder.path().join("gone.csv"));
    assert_eq!(gone.status, Some(2), "{gone:?}");
    assert!(gone.stderr.contains("gone.csv cannot be read"), "{gone:?}");
    assert_eq!(import(&data, &["--map", "nonsense"], &good).status, Some(2));
}

#[test]
fn a_rehearsal_makes_nothing_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let csv = file(&folder, "a.csv", "title\nRan\nStalker\n");
    assert_eq!(counts(&summary(&data, &["--dry-run"], &csv)), [2, 0, 0, 0]);
    assert!(!data.exists());
    summary(&data, &[], &csv);
    assert_eq!(counts(&summary(&data, &["--dry-run"], &csv)), [0, 0, 2, 0]);
}

#[test]
fn what_breaks_off_is_taken_up_to_there_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let films: String = (0..500).map(|n| format!("{{\"title\": \"Film {n}\"}}\n")).collect();
    let whole = file(&folder, "a.ndjson", films);
    let packed = std::process::Command::new("gzip").args(["--keep", "--fast"]).arg(&whole).status();
    assert!(packed.unwrap().success());
    let packed = std::fs::read(folder.path().join("a.ndjson.gz")).unwrap();
    let cut = file(&folder, "cut.ndjson.gz", &packed[..packed.len() / 2]);
    let [created, changed, unchanged, refused] = counts(&summary(&data, &[], &cut));
    assert!((1..500).contains(&created), "{created}");
    assert_eq!([changed, unchanged, refused], [0, 0, 1]);
    let whole = summary(&data, &[], &folder.path().join("a.ndjson.gz"));
    assert_eq!(counts(&whole), [500 - created, 0, created, 0]);
}

/// Whether an import has written down how far it is.
fn has_checkpoint(imports: &Path) -> bool {
    let is_one = |entry: std::fs::DirEntry| entry.path().extension().is_some_and(|e| e == "json");
    std::fs::read_dir(imports).is_ok_and(|mut files| files.any(|file| file.is_ok_and(is_one)))
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_was() {
    const FILMS: u64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut text = "rubbish\n".to_owned();
    for n in 0..FILMS {
        writeln!(text, "{{\"title\": \"Film {n}\", \"year\": 1999}}").unwrap();
    }
    let films = file(&folder, "a.ndjson", text);
    let process = Process::start(
        ["import", "--data"]
            .map(AsRef::<std::ffi::OsStr>::as_ref)
            .into_iter()
            .chain([data.as_ref(), films.as_ref()]),
    );
    let imports = data.join("imports");
    let started = Instant::now();
    while !has_checkpoint(&imports) {
        assert!(started.elapsed() < PATIENCE, "no checkpoint: {:?}", process.kill());
        std::thread::sleep(LOOK_AGAIN);
    }
    process.kill();
    let again = summary(&data, &[], &films);
    let [created, changed, unchanged, refused] = counts(&again);
    let before = again["files"][0]["resumed_after"].as_u64().unwrap();
    assert!((1..FILMS).contains(&before), "{again}");
    // What was in the log and not in the checkpoint yet is found unchanged.
    assert_eq!((created + unchanged, changed, refused), (FILMS, 0, 1), "{again}");
    let rejects = std::fs::read_to_string(folder.path().join("a.ndjson.rejects.ndjson")).unwrap();
    assert_eq!(rejects.lines().count(), 1, "{rejects}");
    assert_eq!(std::fs::read_dir(&imports).unwrap().count(), 0, "nothing is left");
    assert_eq!(counts(&summary(&data, &[], &films)), [0, 0, FILMS, 1]);
}

/// Starts an import of `files` with `flags`, and kills it when it is in the middle of a large one.
#[track_caller]
fn import_killed(data: &Path, flags: &[&str], files: &[&Path]) {
    let arguments = ["import", "--data"].map(std::ffi::OsStr::new).into_iter();
    let arguments = arguments.chain([data.as_os_str()]);
    let arguments = arguments.chain(flags.iter().map(std::ffi::OsStr::new));
    let process = Process::start(arguments.chain(files.iter().map(|file| file.as_os_str())));
    let started = Instant::now();
    let is_far = |file: &std::fs::DirEntry| {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        let checkpoint: Value = serde_json::from_str(&text).unwrap_or_default();
        let progress = &checkpoint["progress"];
        progress["is_done"] == false && progress["records"].as_u64() > Some(10)
    };
    let has_begun = || {
        std::fs::read_dir(data.join("imports"))
            .is_ok_and(|mut files| files.any(|file| file.is_ok_and(|file| is_far(&file))))
    };
    while !has_begun() {
        assert!(started.elapsed() < PATIENCE, "no checkpoint: {:?}", process.kill());
        std::thread::sleep(LOOK_AGAIN);
    }
    process.kill();
}

fn many_films(lines: u64) -> String {
    let mut text = "rubbish\n".to_owned();
    for n in 0..lines {
        writeln!(text, "{{\"title\": \"Film {n}\", \"year\": 1999}}").unwrap();
    }
    text
}

#[test]
fn an_import_that_was_killed_begins_anew_where_the_log_is_another() {
    const FILMS: u64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let films = file(&folder, "a.ndjson", many_films(FILMS));
    import_killed(&data, &[], &[&films]);
    e2e::delete_log(&data);
    let output = import(&data, &[], &films);
    assert!(output.stderr.contains("went into another log; this one begins anew"), "{output:?}");
    let all = format!("{FILMS} created, 0 changed, 0 unchanged, 1 refused");
    assert!(output.stdout.contains(&all), "{output:?}");
}

#[test]
fn an_import_of_several_files_with_one_file_of_rejects_goes_on() {
    const FILMS: u64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let small = file(&folder, "a.ndjson", "{\"title\": \"Ran\"}\nnonsense\n");
    let large = file(&folder, "b.ndjson", many_films(FILMS));
    let rejects = folder.path().join("rejects.ndjson");
    let flags = ["--rejects", rejects.to_str().unwrap()];
    import_killed(&data, &flags, &[&small, &large]);
    let flags = [flags.as_slice(), &["--json", small.to_str().unwrap()]].concat();
    let output = import(&data, &flags, &large);
    let again: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(again["files"][0]["resumed_after"], 2, "{again}");
    assert!((1..FILMS).contains(&again["files"][1]["resumed_after"].as_u64().unwrap()), "{again}");
    let [created, changed, unchanged, refused] = counts(&again);
    assert_eq!((created + unchanged, changed, refused), (FILMS + 1, 0, 2), "{again}");
    let rejects = std::fs::read_to_string(rejects).unwrap();
    let texts: Vec<Value> = rejects
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["text"].clone())
        .collect();
    assert_eq!(texts, ["nonsense", "rubbish"]);
}

#[test]
fn what_is_refused_is_never_written_over_what_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let text = "title\nRan\n";
    let films = file(&folder, "a.csv", text);
    let rejects = file(&folder, "a.csv.rejects.ndjson", "{\"title\": \"Stalker\"}\n");
    let name = films.to_str().unwrap();
    for flags in [vec!["--rejects", name], vec![rejects.to_str().unwrap()], vec![name]] {
        let output = import(&data, &flags, &films);
        assert_eq!(output.status, Some(2), "{flags:?}: {output:?}");
        assert_eq!(std::fs::read_to_string(&films).unwrap(), text);
    }
    assert!(!data.exists());
}

#[test]
fn neither_an_import_nor_a_restore_touches_the_log_of_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (old, data) = (folder.path().join("old"), folder.path().join("data"));
    let films = file(&folder, "a.csv", "title\nRan\n");
    summary(&old, &[], &films);
    let archive = folder.path().join("films.tar");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let backed_up = run(["backup".to_owned(), path(&archive), "--data".to_owned(), path(&old)]);
    assert_eq!(backed_up.status, Some(0), "{backed_up:?}");

    std::fs::create_dir(&data).unwrap();
    let lock = std::fs::File::create(data.join("log.lock")).unwrap();
    lock.lock().unwrap();
    let refused = import(&data, &[], &films);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("is being restored"), "{refused:?}");
    lock.unlock().unwrap();
    lock.lock_shared().unwrap();
    let arguments = || ["restore".to_owned(), path(&archive), "--data".to_owned(), path(&data)];
    let refused = run(arguments());
    assert!(refused.stderr.contains("is being written to"), "{refused:?}");
    assert!(!data.join("log.db").exists());
    drop(lock);
    assert_eq!(run(arguments()).status, Some(0));
}
