//! Where objects are kept: a folder unless another place is configured, tried out by a command, and never
//! in the way of films.

use std::{ffi::OsStr, fs, time::Duration};

use e2e::{PATIENCE, Server, run, run_in};
use proving_ground::{CuttingProxy, ObjectServer};
use serde_json::json;

/// How soon a server is asked again what its metrics say.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// What a node needs to keep objects in a bucket that is reached at `endpoint`.
struct Bucket(Vec<(&'static str, String)>);

impl Bucket {
    fn of(server: &ObjectServer, endpoint: String) -> Self {
        Self(vec![
            ("CINELOG__OBJECTS__URL", format!("s3://{}/{}", server.bucket(), server.prefix())),
            ("CINELOG__OBJECTS__ENDPOINT", endpoint),
            ("CINELOG__OBJECTS__ACCESS_KEY_ID", server.access_key_id().to_owned()),
            ("CINELOG__OBJECTS__SECRET_ACCESS_KEY", server.secret_access_key().to_owned()),
            ("CINELOG__OBJECTS__TIMEOUT", "10s".to_owned()),
        ])
    }

    fn environment(&self) -> Vec<(&str, &OsStr)> {
        self.0.iter().map(|(name, value)| (*name, OsStr::new(value))).collect()
    }
}

#[test]
fn a_folder_is_tried_out_and_nothing_of_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = run(["objects", "check", "--data", data.to_str().unwrap()]).expect_success();
    assert!(output.stdout.contains("the store does all that is asked of it"), "{output:?}");
    let left = fs::read_dir(data.join("objects/check")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn a_bucket_is_tried_out_and_what_is_wrong_with_it_is_told_without_its_key() {
    let server = ObjectServer::running();
    let mut bucket = Bucket::of(&server, server.endpoint());
    let output = run_in(&bucket.environment(), ["objects", "check"]).expect_success();
    assert!(output.stdout.contains("replace it by 9 MiB in parts"), "{output:?}");
    let shown = run_in(&bucket.environment(), ["config", "check"]).expect_success();
    assert!(shown.stdout.contains("secret_access_key = \"********\""), "{shown:?}");
    assert!(!shown.stdout.contains(server.secret_access_key()), "{shown:?}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, format!("{}\n", server.secret_access_key())).unwrap();
    bucket.0[3] = ("CINELOG__OBJECTS__SECRET_ACCESS_KEY_FILE", file.display().to_string());
    run_in(&bucket.environment(), ["objects", "check"]).expect_success();

    bucket.0[3] = ("CINELOG__OBJECTS__SECRET_ACCESS_KEY", "hunter2".to_owned());
    let refused = run_in(&bucket.environment(), ["objects", "check"]);
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("create: the store refuses it"), "{refused:?}");
    assert!(
        !refused.stderr.contains("hunter2") && !refused.stderr.contains("<?xml"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_store_of_objects_that_is_away_is_seen_in_metrics_and_stops_nothing() {
    let objects = ObjectServer::running();
    let proxy = CuttingProxy::to(objects.address()).await;
    proxy.refuse(true);
    let bucket = Bucket::of(&objects, format!("http://{}", proxy.address()));
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(&bucket.environment(), &folder.path().join("data"), &[]);
    metric_becomes(&server, "cinelog_objects_up 0").await;
    assert!(server.is_ready().await, "films need no posters");
    server.caller("editor").post("/v1/movies", json!({"title": "Playtime"})).await.expect(201);
    proxy.refuse(false);
    metric_becomes(&server, "cinelog_objects_up 1").await;
}

#[tokio::test]
async fn who_configures_nothing_has_objects_beside_the_log() {
    let server = Server::start();
    metric_becomes(&server, "cinelog_objects_up 1").await;
    assert!(server.data().join("objects").is_dir());
}

async fn metric_becomes(server: &Server, line: &str) {
    let admin = server.anyone().at(&server.admin_url);
    let becomes = async {
        while !admin.get("/metrics").await.expect(200).text.contains(line) {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, becomes).await.unwrap_or_else(|_| panic!("{line} in time"));
}
