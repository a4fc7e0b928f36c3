//! Who is erased is gone: from the API, from the files, from the log.

use std::{fs, path::Path};

use serde_json::json;

use crate::ground::{Ground, PASSWORD};

#[tokio::test]
async fn of_who_is_erased_nothing_personal_is_left() {
    let ground = Ground::new();
    let address = ground.address("gone");
    ground.member(&address).await;
    let gone = ground.logged_in(&address, PASSWORD).await;
    let name = "Hildegard of Nowhere-on-Sea";
    gone.patch("/v1/account", "*", json!({ "name": name })).await.expect(200);
    ground.log_in(&address, "wrong wrong wrong").await.expect(401);
    if !e2e::is_postgres() {
        let files = files_with(ground.folder.path(), address.as_bytes());
        assert!(files.iter().any(|file| file.starts_with("identity.db")), "{files:?}");
    }
    gone.delete("/v1/account").await.expect(204);
    ground.is_refused(&gone).await;
    ground.log_in(&address, PASSWORD).await.expect(401);
    let logged = ground.server.logged();
    // What is there is found.
    let file = ground.folder.path().join("probe");
    fs::write(&file, &address).expect("a file can be written");
    assert_eq!(files_with(ground.folder.path(), address.as_bytes()), ["probe"]);
    for personal in [address.as_str(), name, PASSWORD] {
        assert!(!logged.contains(personal), "{personal} in the log");
        fs::write(&file, "").expect("a file can be written");
        let files = files_with(ground.folder.path(), personal.as_bytes());
        assert!(files.is_empty(), "{personal} in {files:?}");
    }
    // The address can be had again.
    ground.register(&address).await.expect(202);
}

/// The files below a folder in which bytes are.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file")) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if fs::read(&path).expect("a file").windows(bytes.len()).any(|part| part == bytes) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}
