//! Restoring an archive, and where nothing is restored.

use std::path::Path;

use super::*;
use crate::backup::{
    archive,
    manifest::{self, Manifest, MemberName},
};

/// Says something else in the manifest of an archive.
fn rewrite(archive: &Path, change: impl Fn(&mut Manifest)) {
    let mut members = Vec::new();
    let bytes = fs::read(archive).unwrap();
    let mut manifest = archive::read(bytes.as_slice(), |name, member| {
        let mut content = Vec::new();
        std::io::Read::read_to_end(member, &mut content).unwrap();
        members.push((name, content));
        Ok(())
    })
    .unwrap();
    change(&mut manifest);
    let mut changed = Vec::new();
    let open = |wanted: MemberName| {
        let (_, content) = members.iter().find(|(name, _)| *name == wanted).unwrap();
        Ok(std::io::Cursor::new(content.clone()))
    };
    archive::write(&mut changed, &manifest, open).unwrap();
    fs::write(archive, changed).unwrap();
}

#[tokio::test]
async fn what_was_backed_up_is_restored_with_the_keys() {
    let ground = Ground::new();
    let places = ground.history("old").await;
    let made = ground.make(&places, "films.tar").await.unwrap();
    assert_eq!((made.events, made.position), (3, Position(3)));
    assert_eq!(made.bytes, ground.path("films.tar").metadata().unwrap().len());

    check(&ground.path("films.tar")).unwrap();
    let restored = restore(&ground.path("films.tar"), &ground.places("new")).await.unwrap();
    assert_eq!((restored.events, restored.position), (3, Position(3)));
    assert_eq!(ground.names("new"), ["cursor-key", "log.db", "signing-key.pem"]);
    for key in ["cursor-key", "signing-key.pem"] {
        let key = |data: &str| fs::read(ground.path(data).join(key)).unwrap();
        assert_eq!(key("old"), key("new"));
    }
    let (old, new) = (ground.log("old").await, ground.log("new").await);
    let at = Position(3);
    assert_eq!(old.digest(at).await.unwrap(), new.digest(at).await.unwrap());
    // And it goes on from there.
    append(&new, 4..=4).await;
    assert_eq!(new.head().await.unwrap(), Position(4));
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_an_archive_and_what_comes_out_of_it() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new();
    let places = ground.history("old").await;
    ground.make(&places, "films.tar").await.unwrap();
    restore(&ground.path("films.tar"), &ground.places("new")).await.unwrap();
    for file in ["films.tar", "new/log.db", "new/signing-key.pem", "new/cursor-key"] {
        let mode = ground.path(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_folder_with_a_history_or_the_rest_of_one_is_left_alone() {
    let ground = Ground::new();
    ground.make(&ground.history("old").await, "films.tar").await.unwrap();
    for rest in ["log.db", "log.db-wal", "read-model.db", "read-model.2.db", "read-model.live"] {
        let places = ground.places(rest);
        let path = ground.path(rest).join(rest);
        fs::write(&path, "something").unwrap();
        let refused = restore(&ground.path("films.tar"), &places).await.unwrap_err();
        assert!(refused.to_string().contains(rest), "{refused}");
        assert_eq!(fs::read(path).unwrap(), b"something");
        assert_eq!(ground.names(rest), [rest]);
    }
    // What is not finished belongs to a history too; a folder for it that is empty does not.
    let places = ground.places("new");
    for folder in ["jobs", "imports"] {
        let one = ground.path("new").join(folder).join("1");
        fs::create_dir_all(&one).unwrap();
        let refused = restore(&ground.path("films.tar"), &places).await.unwrap_err();
        assert!(refused.to_string().contains(folder), "{refused}");
        fs::remove_dir(one).unwrap();
    }
    restore(&ground.path("films.tar"), &places).await.unwrap();
}

#[tokio::test]
async fn what_locks_and_builds_have_left_is_no_history() {
    let ground = Ground::new();
    ground.make(&ground.history("old").await, "films.tar").await.unwrap();
    let places = ground.places("new");
    fs::create_dir(ground.path("new/imports")).unwrap();
    let left = ["lock", "read-model.build-lock", "read-model.2.db.building", "imports/1.lock"];
    for left in left {
        fs::write(ground.path("new").join(left), "").unwrap();
    }
    restore(&ground.path("films.tar"), &places).await.unwrap();
    assert_eq!(ground.log("new").await.head().await.unwrap(), Position(3));
}

#[tokio::test]
async fn a_key_that_is_another_is_not_replaced() {
    let ground = Ground::new();
    ground.make(&ground.history("old").await, "films.tar").await.unwrap();
    let places = ground.places("new");
    DataDir::open(&ground.path("new")).unwrap().signing_keys().unwrap();
    let key = fs::read(ground.path("new/signing-key.pem")).unwrap();
    let refused = restore(&ground.path("films.tar"), &places).await;
    assert!(matches!(refused, Err(BackupError::OtherKey(_))), "{refused:?}");
    assert_eq!(fs::read(ground.path("new/signing-key.pem")).unwrap(), key);
    assert_eq!(ground.names("new"), ["signing-key.pem"]);
}

#[tokio::test]
async fn a_restore_that_was_cut_short_is_done_again() {
    let ground = Ground::new();
    ground.make(&ground.history("old").await, "films.tar").await.unwrap();
    let places = ground.places("new");
    fs::copy(ground.path("old/signing-key.pem"), ground.path("new/signing-key.pem")).unwrap();
    fs::create_dir(ground.path("new/.log.db.new")).unwrap();
    fs::write(ground.path("new/.log.db.new/log.db"), "half of it").unwrap();
    restore(&ground.path("films.tar"), &places).await.unwrap();
    assert_eq!(ground.names("new"), ["cursor-key", "log.db", "signing-key.pem"]);
}

#[tokio::test]
async fn a_log_that_is_not_the_one_of_the_manifest_gets_no_place() {
    let ground = Ground::new();
    ground.make(&ground.history("old").await, "films.tar").await.unwrap();
    rewrite(&ground.path("films.tar"), |manifest| manifest.digest.hash[0] ^= 1);
    let refused = restore(&ground.path("films.tar"), &ground.places("new")).await.unwrap_err();
    assert!(refused.to_string().contains("its manifest says"), "{refused}");
    assert_eq!(ground.names("new"), Vec::<String>::new());
}

#[tokio::test]
async fn an_archive_whose_log_is_no_database_changes_nothing() {
    let ground = Ground::new();
    ground.make(&ground.history("old").await, "films.tar").await.unwrap();
    let log = b"no database".repeat(1000);
    let (bytes, sha256) = archive::measure(log.as_slice()).unwrap();
    let mut manifest =
        archive::read(fs::read(ground.path("films.tar")).unwrap().as_slice(), |_, _| Ok(()))
            .unwrap();
    manifest.members.retain(|member| member.name == MemberName::Log);
    manifest.members[0] = manifest::Member { name: MemberName::Log, bytes, sha256 };
    let mut forged = Vec::new();
    archive::write(&mut forged, &manifest, |_| Ok(log.as_slice())).unwrap();
    fs::write(ground.path("forged.tar"), forged).unwrap();
    let refused = restore(&ground.path("forged.tar"), &ground.places("new")).await.unwrap_err();
    assert!(matches!(refused, BackupError::Damaged(_)), "{refused}");
    assert_eq!(ground.names("new"), Vec::<String>::new());
}
