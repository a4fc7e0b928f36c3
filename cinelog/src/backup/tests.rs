//! Backups of real logs, restored and refused.

use std::{
    fs,
    path::{Path, PathBuf},
};

use event_log::{
    Append, EventLog, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{EventId, Metadata, NewEvent, Position, StreamName};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    archive,
    make::Made,
    manifest::{Manifest, MemberName},
    *,
};
use crate::{config::Config, data_dir::DataDir};

/// A folder with room for data folders and archives.
struct Ground(TempDir);

impl Ground {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The places of a data folder, which is made.
    fn places(&self, data: &str) -> Places {
        Places::of(&Config::default(), &DataDir::open(&self.path(data)).unwrap()).unwrap()
    }

    async fn log(&self, data: &str) -> SqliteLog {
        DataDir::open(&self.path(data)).unwrap();
        let path = self.path(data).join("log.db");
        SqliteLog::open(SqliteLogOptions::at(path)).await.unwrap()
    }

    /// A data folder with keys and a log of three events, which is closed.
    async fn history(&self, data: &str) -> Places {
        let log = self.log(data).await;
        append(&log, 1..=3).await;
        log.close().await;
        let folder = DataDir::open(&self.path(data)).unwrap();
        folder.signing_key().unwrap();
        folder.cursor_key().unwrap();
        self.places(data)
    }

    async fn make(&self, places: &Places, file: &str) -> Result<Made, BackupError> {
        make(places, &self.path(file), false, Timestamp::UNIX_EPOCH).await
    }

    /// The names in a folder.
    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

async fn append(log: &SqliteLog, ids: std::ops::RangeInclusive<u128>) {
    for id in ids {
        let event = NewEvent {
            id: EventId(Uuid::from_u128(id)),
            event_type: "SomethingHappened".to_owned(),
            schema_version: 1,
            metadata: Metadata::at(Timestamp::UNIX_EPOCH),
            data: RawValue::from_string(format!("{{\"number\":{id}}}")).unwrap(),
        };
        let stream = StreamName::new("movie-1").unwrap();
        log.append(Append::new(stream, Expected::Any, vec![event])).await.unwrap();
    }
}

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

#[tokio::test]
async fn an_empty_log_can_be_backed_up_too() {
    let ground = Ground::new();
    ground.log("old").await.close().await;
    assert_eq!(ground.make(&ground.places("old"), "films.tar").await.unwrap().events, 0);
    assert_eq!(restore(&ground.path("films.tar"), &ground.places("new")).await.unwrap().events, 0);
    assert_eq!(ground.names("new"), ["log.db"]);
}

#[tokio::test]
async fn a_log_that_is_written_to_is_backed_up_as_it_was() {
    let ground = Ground::new();
    let log = ground.log("old").await;
    append(&log, 1..=3).await;
    let made = ground.make(&ground.places("old"), "films.tar").await.unwrap();
    append(&log, 4..=6).await;
    assert_eq!(made.position, Position(3));
    restore(&ground.path("films.tar"), &ground.places("new")).await.unwrap();
    let copy = ground.log("new").await;
    assert_eq!(copy.head().await.unwrap(), Position(3));
    assert_eq!(
        copy.digest(Position(3)).await.unwrap(),
        log.digest(Position(3)).await.unwrap(),
        "what came later is not in it"
    );
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
async fn an_archive_that_is_there_is_replaced_only_on_demand() {
    let ground = Ground::new();
    let places = ground.history("old").await;
    fs::write(ground.path("films.tar"), "precious").unwrap();
    let refused = ground.make(&places, "films.tar").await.unwrap_err();
    assert!(refused.to_string().contains("--force"), "{refused}");
    assert_eq!(fs::read(ground.path("films.tar")).unwrap(), b"precious");
    make(&places, &ground.path("films.tar"), true, Timestamp::UNIX_EPOCH).await.unwrap();
    check(&ground.path("films.tar")).unwrap();
    assert_eq!(ground.names(""), ["films.tar", "old"]);

    // What is no file is never replaced.
    let refused = make(&places, &ground.path("old"), true, Timestamp::UNIX_EPOCH).await;
    assert!(matches!(refused, Err(BackupError::NotAFile(_))), "{refused:?}");
}

#[tokio::test]
async fn two_backups_of_one_folder_do_not_run_at_once() {
    let ground = Ground::new();
    let places = ground.history("old").await;
    let lock = fs::File::create(&places.lock).unwrap();
    lock.lock().unwrap();
    let refused = ground.make(&places, "films.tar").await;
    assert!(matches!(refused, Err(BackupError::UnderWay)), "{refused:?}");
    drop(lock);
    ground.make(&places, "films.tar").await.unwrap();
}

#[tokio::test]
async fn a_folder_without_a_log_is_not_backed_up() {
    let ground = Ground::new();
    let refused = ground.make(&ground.places("old"), "films.tar").await;
    assert!(matches!(refused, Err(BackupError::NoLog(_))), "{refused:?}");
    assert_eq!(ground.names("old"), Vec::<String>::new(), "none is made");
    assert_eq!(ground.names(""), ["old"]);
}

#[tokio::test]
async fn a_log_that_does_not_tell_what_its_digest_says_is_not_backed_up() {
    use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
    let ground = Ground::new();
    let places = ground.history("old").await;
    let options = SqliteConnectOptions::new().filename(ground.path("old/log.db"));
    let mut log = options.connect().await.unwrap();
    for statement in [
        "DROP TRIGGER event_is_never_changed",
        "UPDATE event SET data = '{\"number\":0}' WHERE position = 2",
    ] {
        sqlx::query(statement).execute(&mut log).await.unwrap();
    }
    let refused = ground.make(&places, "films.tar").await.unwrap_err();
    assert!(matches!(refused, BackupError::Damaged(_)), "{refused}");
    assert_eq!(ground.names(""), ["old"]);
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
async fn where_a_server_has_worked_a_key_that_is_missing_is_no_backup() {
    let ground = Ground::new();
    let places = ground.history("old").await;
    fs::create_dir(ground.path("old/jobs")).unwrap();
    for (number, key) in ["signing-key.pem", "cursor-key"].into_iter().enumerate() {
        let (key, away) = (ground.path("old").join(key), ground.path("away"));
        fs::rename(&key, &away).unwrap();
        let refused = ground.make(&places, "films.tar").await;
        assert!(matches!(&refused, Err(BackupError::NoKey(path)) if *path == key), "{refused:?}");
        fs::rename(&away, &key).unwrap();
        ground.make(&places, &format!("{number}.tar")).await.unwrap();
    }
    // A key that the configuration gives is not in the folder.
    let mut config = Config::default();
    config.query.cursor_key = serde_json::from_value("00".repeat(32).into()).unwrap();
    fs::remove_file(ground.path("old/cursor-key")).unwrap();
    let places = Places::of(&config, &DataDir::open(&ground.path("old")).unwrap()).unwrap();
    ground.make(&places, "films.tar").await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_another_is_not_replaced() {
    let ground = Ground::new();
    ground.make(&ground.history("old").await, "films.tar").await.unwrap();
    let places = ground.places("new");
    DataDir::open(&ground.path("new")).unwrap().signing_key().unwrap();
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

#[tokio::test]
async fn a_backup_is_never_written_over_what_it_is_made_from() {
    let ground = Ground::new();
    let places = ground.history("data").await;
    let before = fs::read(ground.path("data/log.db")).unwrap();
    fs::hard_link(ground.path("data/log.db"), ground.path("hard.tar")).unwrap();
    let mut files = vec!["data/log.db", "data/signing-key.pem", "data/new.tar", "hard.tar"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("data", ground.path("link")).unwrap();
        std::os::unix::fs::symlink("data/log.db", ground.path("soft.tar")).unwrap();
        files.extend(["link/log.db", "soft.tar"]);
    }
    for file in files {
        for replace in [false, true] {
            let made = make(&places, &ground.path(file), replace, Timestamp::UNIX_EPOCH).await;
            assert!(matches!(made, Err(BackupError::OfTheData(_))), "{file}: {made:?}");
        }
    }
    assert_eq!(fs::read(ground.path("data/log.db")).unwrap(), before);
    assert!(!ground.path("data/new.tar").exists());
    ground.make(&places, "films.tar").await.unwrap();
}
