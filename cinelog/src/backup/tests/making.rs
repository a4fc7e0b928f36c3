//! Making an archive, and where none is made.

use super::*;

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
