//! The suite itself: a behaviour that is written down but not plugged in would never be tested.

#[test]
fn every_behaviour_of_the_suite_is_a_test() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/suite");
    let plugged_in = include_str!("../src/suite/mod.rs");
    let mut missing = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let Some(rest) = line.strip_prefix("pub async fn ") else { continue };
            let behaviour = format!("{module}::{},", rest.split('(').next().unwrap());
            if module != "mod" && !plugged_in.contains(&behaviour) {
                missing.push(behaviour);
            }
        }
    }
    assert!(missing.is_empty(), "not plugged in: {missing:?}");
}
