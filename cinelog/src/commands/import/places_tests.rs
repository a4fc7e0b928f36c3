//! What is refused before anything is opened for writing.

use std::fs;

use clap::Parser;

use super::*;
use crate::cli::{Cli, Command};

fn refusal(data: &Path, arguments: &[&str]) -> Option<String> {
    let cli = Cli::try_parse_from(["cinelog", "import"].iter().chain(arguments)).unwrap();
    let Command::Import(args) = cli.command else { panic!("another command") };
    let mut config = Config::default();
    config.server.data = data.to_path_buf();
    refuse_mixed_up(&args, &config).err().map(|failure| failure.to_string())
}

#[test]
fn rejects_are_never_written_over_what_is_read_or_into_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = |name: &str| path(name).to_str().unwrap().to_owned();
    let data = path("data");
    fs::create_dir_all(data.join("imports")).unwrap();
    fs::write(data.join("log.db"), "log").unwrap();
    fs::write(path("a.csv"), "title\nRan\n").unwrap();
    fs::hard_link(data.join("log.db"), path("hard")).unwrap();
    let films = text("a.csv");
    let of_data = ["data/log.db", "data/log.db-wal", "data/new", "data/imports/new", "hard"];
    for rejects in of_data {
        let why = refusal(&data, &["--rejects", &text(rejects), "--dry-run", &films]);
        assert!(why.is_some_and(|why| why.contains("is of the data folder")), "{rejects}");
    }
    let why = refusal(&data, &["--rejects", &films, &films]).unwrap();
    assert!(why.contains("which is read"), "{why}");
    assert_eq!(refusal(&data, &["--rejects", &text("new"), &films]), None);
    assert_eq!(refusal(&data, &[&films]), None);
    assert!(refusal(&data, &[&films, &films]).unwrap().contains("name it once"));
}

#[cfg(unix)]
#[test]
fn a_link_by_the_usual_name_of_rejects_is_followed_before_it_is_written_to() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let data = path("data");
    fs::create_dir_all(data.join("imports")).unwrap();
    fs::write(path("a.csv"), "title\nRan\n").unwrap();
    let films = path("a.csv").to_str().unwrap().to_owned();
    let places = [path("a.csv.rejects.ndjson"), data.join("imports/a.csv.rejects.ndjson")];
    for place in places {
        for target in [data.join("log.db"), data.join("imports/1.json"), path("a.csv")] {
            symlink(&target, &place).unwrap();
            let why = refusal(&data, &[&films]);
            assert!(why.is_some(), "{} to {}", place.display(), target.display());
            fs::remove_file(&place).unwrap();
        }
    }
}
