//! Objects in a local folder: the suite, and what is a folder's own.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod suite;

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use objects::{Limits, Objects, ObjectsError};
use suite::{LIMITS, name, suite};

fn open(limits: Limits) -> (Objects, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Objects::in_folder(&folder.path().join("made"), limits).unwrap(), folder)
}

suite!(open);

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_refused_and_one_that_is_gone_is_not_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Objects::in_folder(&file, LIMITS), Err(ObjectsError::NoPlace(_))));
    let (objects, kept) = open(LIMITS);
    objects.health().await.unwrap();
    fs::remove_dir_all(kept.path().join("made")).unwrap();
    assert!(matches!(objects.health().await, Err(ObjectsError::NoPlace(_))));
}

#[tokio::test]
async fn what_others_have_put_there_is_passed_over() {
    let (objects, kept) = open(LIMITS);
    objects.put(&name("posters/a.png"), Bytes::from_static(b"x")).await.unwrap();
    let folder = kept.path().join("made/posters");
    fs::write(folder.join("Thumbs.db"), "").unwrap();
    fs::write(folder.join("a.png#7"), "half").unwrap();
    symlink("/etc", folder.join("elsewhere")).unwrap();
    let listed = objects.list(None, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|meta| meta.name.as_str()).collect::<Vec<_>>(), ["posters/a.png"]);
}

#[tokio::test]
async fn a_file_that_grows_shorter_while_it_is_read_is_an_error_and_not_a_shorter_object() {
    let (objects, kept) = open(LIMITS);
    objects.put(&name("a.bin"), Bytes::from(vec![1; 4 << 20])).await.unwrap();
    let object = objects.get(&name("a.bin")).await.unwrap().unwrap();
    let file = fs::File::options().write(true).open(kept.path().join("made/a.bin")).unwrap();
    file.set_len(1 << 20).unwrap();
    let read = object.body.read(4 << 20).await;
    assert!(matches!(read, Err(ObjectsError::Unavailable(_))), "{:?}", read.map(|read| read.len()));
}

/// Not a test of its own: what the next one kills.
#[tokio::test]
#[ignore = "writes until it is killed"]
async fn writer() {
    let Ok(folder) = std::env::var("CINELOG_TEST_FOLDER") else { return };
    let objects = Objects::in_folder(Path::new(&folder), LIMITS).unwrap();
    for round in 0..=u8::MAX {
        let content = Bytes::from(vec![round; 300_000]);
        objects.put(&name("same.bin"), content.clone()).await.unwrap();
        objects.create(&name(&format!("new/{round}.bin")), content).await.unwrap();
        let large = suite::pieces(9 << 20);
        let stored = objects.put_stream(&name("large.bin"), large).await.unwrap();
        println!("acknowledged {round} of {}", stored.size);
    }
}

#[tokio::test]
async fn a_writer_that_is_killed_leaves_whole_objects_and_all_that_it_was_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut rounds = 0;
    for kill_after in [0, 1, 3] {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer", "--ignored", "--nocapture"])
            .env("CINELOG_TEST_FOLDER", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(writer.stdout.take().unwrap()).lines();
        let acknowledged = said.map(Result::unwrap).filter(|line| line.starts_with("acknowledged"));
        rounds = rounds.max(acknowledged.take(kill_after + 1).count());
        writer.kill().unwrap();
        writer.wait().unwrap();
        let objects = Objects::in_folder(folder.path(), LIMITS).unwrap();
        let listed = objects.list(None, None, 1_000).await.unwrap();
        assert!(listed.len() >= 2 + rounds, "{listed:?}");
        for meta in listed {
            let read = objects.read(&meta.name).await.unwrap().unwrap();
            let is_whole = match meta.name.as_str() {
                "large.bin" => read.len() == 9 << 20,
                _ => read.len() == 300_000 && read.iter().all(|byte| *byte == read[0]),
            };
            assert!(is_whole, "{} has {} bytes", meta.name, read.len());
        }
        let later =
            fs::metadata(folder.path()).unwrap().modified().unwrap() + Duration::from_secs(7_200);
        objects.delete_leftovers(later, Duration::from_secs(3_600)).await.unwrap();
        assert!(files_below(folder.path()).iter().all(|name| !name.contains('#')));
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path.display().to_string()],
        })
        .collect()
}
