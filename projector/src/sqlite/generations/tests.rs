//! Numbers, the pointer and the files, in a real folder.

use std::path::Path;

use tempfile::TempDir;

use super::*;

fn ground() -> (TempDir, Generations) {
    let folder = tempfile::tempdir().unwrap();
    let generations = Generations::new(folder.path().join("read-model.db"));
    (folder, generations)
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

fn make(path: &Path) {
    fs::write(path, b"a file").unwrap();
}

#[test]
fn the_first_generation_is_live_until_somebody_switches() {
    let (folder, generations) = ground();
    assert_eq!(generations.live().unwrap(), 1);
    assert_eq!(generations.path(1), folder.path().join("read-model.db"));
    make(&generations.path(3));
    generations.switch(3).unwrap();
    assert_eq!(generations.live().unwrap(), 3);
    assert!(folder.path().join("read-model.3.db").exists());
    assert_eq!(fs::read_to_string(folder.path().join("read-model.live")).unwrap(), "3\n3\n");
}

#[test]
fn what_is_not_there_cannot_be_switched_to_nor_removed() {
    let (_folder, generations) = ground();
    assert!(matches!(generations.switch(2), Err(GenerationError::Missing(2))));
    assert!(matches!(generations.remove(2), Err(GenerationError::Missing(2))));
    assert_eq!(generations.live().unwrap(), 1);
}

#[test]
fn the_live_generation_is_not_removed_and_others_go_with_all_that_stands_beside_them() {
    let (folder, generations) = ground();
    make(&generations.path(1));
    make(&generations.path(2));
    make(&folder.path().join("read-model.2.db-wal"));
    assert!(matches!(generations.remove(1), Err(GenerationError::Live(1))));
    generations.remove(2).unwrap();
    assert_eq!(names(&folder), ["generations.lock", "read-model.db", "read-model.live"]);
}

#[test]
fn only_files_with_the_name_of_a_generation_are_generations() {
    let (folder, generations) = ground();
    for name in [
        "read-model.db",
        "read-model.10.db",
        "read-model.2.db",
        "read-model.2.db-wal",
        "read-model.02.db",
        "read-model.1.db",
        "read-model.x.db",
        "log.db",
        "read-model.3.db.building",
    ] {
        make(&folder.path().join(name));
    }
    let numbers: Vec<_> = generations.list().unwrap().iter().map(|g| g.number).collect();
    assert_eq!(numbers, [1, 2, 10]);
    assert_eq!(generations.reserve().unwrap(), 11);
}

#[test]
fn what_an_interrupted_build_left_is_no_generation_and_is_removed() {
    let (folder, generations) = ground();
    make(&generations.path(1));
    make(&generations.building(2));
    assert!(matches!(generations.switch(2), Err(GenerationError::Missing(2))));
    generations.remove_unfinished().unwrap();
    assert_eq!(names(&folder), ["read-model.db"]);
}

#[test]
fn a_pointer_that_holds_no_number_is_an_error_and_not_a_guess() {
    let (folder, generations) = ground();
    for text in ["", "zero", "0", "-1", "99999999999999999999", "1 2", "1\nx", "1\n0", "1\n2\n3"] {
        fs::write(folder.path().join("read-model.live"), text).unwrap();
        assert!(matches!(generations.live(), Err(GenerationError::Pointer(_))), "{text}");
    }
}

#[test]
fn a_pointer_that_holds_no_number_says_how_it_is_put_right_and_a_switch_does_so() {
    let (_folder, generations) = ground();
    for number in [1, 2, 5] {
        make(&generations.path(number));
    }
    for text in ["", "rubbish"] {
        fs::write(generations.pointer(), text).unwrap();
        let error = generations.live().unwrap_err().to_string();
        assert!(error.contains("generation switch N"), "{error}");
        generations.switch(2).unwrap();
        assert_eq!(fs::read_to_string(generations.pointer()).unwrap(), "2\n5\n");
    }
}

#[test]
fn a_number_is_never_given_out_twice() {
    let (_folder, generations) = ground();
    make(&generations.path(1));
    assert_eq!(generations.reserve().unwrap(), 2);
    assert_eq!(generations.reserve().unwrap(), 3, "whatever became of 2");
    make(&generations.path(3));
    generations.switch(3).unwrap();
    generations.switch(1).unwrap();
    generations.remove(3).unwrap();
    assert_eq!((generations.reserve().unwrap(), generations.live().unwrap()), (4, 1));
}

#[test]
fn a_pointer_of_an_older_cinelog_is_read_and_what_it_made_counts() {
    let (folder, generations) = ground();
    fs::write(folder.path().join("read-model.live"), "5\n").unwrap();
    assert_eq!(generations.live().unwrap(), 5);
    make(&generations.path(7));
    generations.remove(7).unwrap();
    assert_eq!((generations.reserve().unwrap(), generations.live().unwrap()), (8, 5));
}

#[test]
fn what_somebody_works_with_is_not_removed() {
    let (_folder, generations) = ground();
    make(&generations.path(2));
    let (one, other) = (generations.hold(2).unwrap(), generations.hold(2).unwrap());
    drop(one);
    assert!(matches!(generations.remove(2), Err(GenerationError::InUse(2))));
    assert!(generations.path(2).is_file());
    drop(other);
    generations.remove(2).unwrap();
    assert!(!generations.path(2).exists());
}

#[test]
fn two_do_not_build_at_the_same_time() {
    let (_folder, generations) = ground();
    let _building = generations.lock(Work::Building).unwrap();
    let refused = generations.lock(Work::Building);
    assert!(matches!(refused, Err(GenerationError::Busy(_))));
}
