//! A Prometheus of a test's own, which looks at the processes of that test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use e2e::PATIENCE;
use proving_ground::free_port;
use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

/// How soon is looked again whether it has come so far.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A running Prometheus. Killed when dropped.
pub(crate) struct Prometheus {
    child: Child,
    url: String,
    http: Client,
    _folder: TempDir,
}

/// What is in `deploy/`.
pub(crate) fn deployed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path)
}

impl Prometheus {
    /// Looks at `targets` every second, under the job's name of `deploy/prometheus.yml`, and has the rules of
    /// `deploy/alerts`.
    pub(crate) async fn watching(targets: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = fs::read_to_string(deployed("prometheus.yml")).unwrap();
        let replaced = config
            .replace("15s", "1s")
            .replace("alerts/cinelog.yml", deployed("alerts/cinelog.yml").to_str().unwrap())
            .replace("\"localhost:9080\"", &targets.join(", "));
        assert!(targets.iter().all(|target| replaced.contains(target)), "{replaced}");
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, replaced).unwrap();
        let at = format!("127.0.0.1:{}", free_port());
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={at}"))
            .arg("--log.level=warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is missing: scripts/prometheus installs it");
        let (http, url) = (Client::new(), format!("http://{at}"));
        let prometheus = Self { child, url, http, _folder: folder };
        prometheus.has_looked(targets.len()).await;
        prometheus
    }

    /// Waits until every target was looked at a few times, so that there are rates.
    async fn has_looked(&self, targets: usize) {
        let looked = async {
            while !self.knows_of(targets).await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let looked = tokio::time::timeout(PATIENCE, looked).await;
        assert!(looked.is_ok(), "{:?}", self.try_query("up").await);
    }

    async fn knows_of(&self, targets: usize) -> bool {
        if targets == 0 {
            return self.get("/api/v1/rules", &[]).await.is_ok();
        }
        let counts = self.try_query("min(count_over_time(up[1m])) > 4").await;
        let up = self.try_query("count(up == 1)").await;
        let all = up.is_ok_and(|up| up[0]["value"][1].as_str() == Some(&targets.to_string()));
        all && counts.is_ok_and(|counts| !counts.as_array().unwrap().is_empty())
    }

    /// What an expression gives now.
    pub(crate) async fn query(&self, expression: &str) -> Value {
        let answer = self.try_query(expression).await;
        answer.unwrap_or_else(|error| panic!("{error}: {expression}"))
    }

    async fn try_query(&self, expression: &str) -> Result<Value, String> {
        let answer = self.get("/api/v1/query", &[("query", expression)]).await?;
        Ok(answer["result"].clone())
    }

    /// The rules that it has read.
    pub(crate) async fn rules(&self) -> Vec<Value> {
        let groups = self.get("/api/v1/rules", &[]).await.unwrap();
        let rules = |group: &Value| group["rules"].as_array().unwrap().clone();
        groups["groups"].as_array().unwrap().iter().flat_map(rules).collect()
    }

    async fn get(&self, path: &str, pairs: &[(&str, &str)]) -> Result<Value, String> {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.url)).unwrap();
        url.query_pairs_mut().extend_pairs(pairs);
        let answer = self.http.get(url).send().await.map_err(|error| error.to_string())?;
        let answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        match answer["status"] == "success" {
            true => Ok(answer["data"].clone()),
            false => Err(answer["error"].to_string()),
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
