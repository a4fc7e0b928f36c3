//! One catalogue, several processes: each has a role, and all of them one database. These tests are about
//! Postgres, whatever store the others run on.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{Answer, Client, PATIENCE, Server};
use futures::future::join_all;
use proving_ground::{CuttingProxy, Database, PrivatePostgres};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

/// How soon is looked again whether something has come to pass.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A database, and the processes on it: each has a data folder of its own, all have the same key.
struct Cluster {
    url: String,
    folder: TempDir,
    _database: Option<Database>,
}

/// What a command says.
struct Said {
    success: bool,
    text: String,
}

impl Cluster {
    async fn new() -> Self {
        let database = Database::new().await;
        Self { _database: None, ..Self::on(database.url().to_owned()) }.with(database)
    }

    /// On a database that is there, or not yet.
    fn on(url: String) -> Self {
        let cluster = Self { url, folder: tempfile::tempdir().unwrap(), _database: None };
        // The first key is made by a node; from then on all of them share it.
        let token = cluster.command_of("first", &[], &["token", "--role", "viewer"]);
        assert!(token.success, "{}", token.text);
        let made = cluster.data("first").join("signing-key.pem");
        std::fs::rename(made, cluster.key()).unwrap();
        cluster
    }

    fn with(self, database: Database) -> Self {
        Self { _database: Some(database), ..self }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("signing-key.pem")
    }

    /// A process with these flags.
    fn node(&self, name: &str, flags: &[&str]) -> Server {
        let key = self.key();
        let cursors =
            OsStr::new("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
        let environment = [
            ("CINELOG__LOG__URL", OsStr::new(&self.url)),
            ("CINELOG__READ_MODEL__URL", OsStr::new(&self.url)),
            ("CINELOG__IDENTITY__SIGNING_KEY_FILE", key.as_os_str()),
            ("CINELOG__QUERY__CURSOR_KEY", cursors),
        ];
        Server::start_in(&environment, &self.data(name), flags)
    }

    fn command_node(&self, name: &str) -> Server {
        self.node(name, &["--role", "command"])
    }

    fn query_node(&self, name: &str) -> Server {
        self.node(name, &["--role", "query"])
    }

    fn projector(&self, name: &str) -> Server {
        self.node(name, &["--role", "projector"])
    }

    /// A command, from a machine that has the configuration and nothing else.
    fn command(&self, arguments: &[&str]) -> Said {
        let key = self.key();
        let key = [("CINELOG__IDENTITY__SIGNING_KEY_FILE", key.as_os_str())];
        self.command_of("elsewhere", &key, arguments)
    }

    fn command_of(&self, name: &str, more: &[(&str, &OsStr)], arguments: &[&str]) -> Said {
        let url = OsStr::new(&self.url);
        let mut environment = vec![("CINELOG__LOG__URL", url), ("CINELOG__READ_MODEL__URL", url)];
        environment.extend(more);
        let data = self.data(name);
        let arguments = arguments.iter().map(OsStr::new);
        let arguments = arguments.chain([OsStr::new("--data"), data.as_os_str()]);
        let output = e2e::run_in(&environment, arguments);
        Said { success: output.success, text: format!("{}{}", output.stdout, output.stderr) }
    }

    /// Somebody who may edit, at this node.
    fn editor(&self, node: &Server) -> Client {
        let said = self.command(&["token", "--role", "editor"]);
        assert!(said.success, "{}", said.text);
        node.anyone().with_token(said.text.trim())
    }
}

/// Adds a film; gives its address and its position.
async fn add(editor: &Client, title: &str) -> (String, String) {
    let answer = editor.post("/v1/movies", json!({"title": title})).await.expect(201);
    (answer.header("Location").to_owned(), answer.header("Cinelog-Position").to_owned())
}

/// Reads a film that is at this position.
async fn read(reader: &Client, film: &str, position: &str) -> Answer {
    reader.get_at(film, position).await
}

#[tokio::test]
async fn three_processes_with_a_role_each_are_one_catalogue() {
    let cluster = Cluster::new().await;
    let commands = cluster.command_node("c");
    let projector = cluster.projector("p");
    let queries = cluster.query_node("q");
    let (editor, reader) = (cluster.editor(&commands), queries.anyone());
    for number in 1..=20 {
        let title = format!("Film {number}");
        let (film, position) = add(&editor, &title).await;
        assert_eq!(read(&reader, &film, &position).await.expect(200).json()["title"], title);
    }
    for node in [&commands, &projector, &queries] {
        node.becomes_ready(true).await;
        let metrics = node.anyone().at(&node.admin_url).get("/metrics").await.expect(200);
        assert!(metrics.text.contains("cinelog_"), "{}", metrics.text);
    }
    let checks = async |node: &Server| {
        let ready = node.anyone().at(&node.admin_url).get("/readyz").await.expect(200).json();
        let checks = ready["checks"].as_array().unwrap().iter();
        checks.map(|check| check["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(checks(&commands).await, ["taking requests", "event log", "revocations"]);
    assert_eq!(checks(&queries).await, ["taking requests", "read model", "revocations"]);
    assert_eq!(checks(&projector).await, ["taking requests", "projector"]);
    assert!(projector.banner.contains("projector") && projector.banner.contains("no requests"));
    assert!(commands.banner.contains("command") && queries.banner.contains("query"));
}

#[tokio::test]
async fn a_request_at_the_wrong_node_is_told_so() {
    let cluster = Cluster::new().await;
    let commands = cluster.command_node("c");
    let _projector = cluster.projector("p");
    let queries = cluster.query_node("q");
    let editor = cluster.editor(&commands);
    let (film, position) = add(&editor, "Playtime").await;
    let at_queries = editor.at(&queries.url);
    let path = format!("/v1/movies/{}", film.rsplit('/').next().unwrap());
    for (answer, role) in [
        (editor.get(&path).await, "query"),
        (editor.get("/v1/genres").await, "query"),
        (at_queries.post("/v1/movies", json!({"title": "A"})).await, "command"),
        (at_queries.delete(&path).await, "command"),
        (at_queries.post(&format!("{path}/restore"), json!({})).await, "command"),
    ] {
        let problem = answer.expect(421);
        assert_eq!(problem.header("Content-Type"), "application/problem+json");
        assert_eq!(problem.json()["type"], "/problems/misdirected");
        assert_eq!(problem.json()["missing_role"], role);
        assert_eq!(problem.header("Cache-Control"), "no-store");
    }
    // What an address allows, and what the document says, is the same everywhere.
    read(&at_queries, &path, &position).await.expect(200);
    for node in [&commands, &queries] {
        let options = Answer::to(node.anyone().request(Method::OPTIONS, &path)).await.expect(204);
        let all = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        assert_eq!(options.header("Allow"), all);
        let document = node.anyone().get("/openapi.json").await.expect(200).json();
        assert!(document["paths"]["/v1/movies"]["get"].is_object());
        assert!(document["paths"]["/v1/movies"]["post"].is_object());
        node.anyone().get("/problems/misdirected").await.expect(200);
    }
    let head = Answer::to(commands.anyone().request(Method::HEAD, &path)).await;
    assert_eq!(head.status, 421);
}

#[tokio::test]
async fn where_one_of_two_projectors_is_killed_reads_go_on_moving_within_seconds() {
    let cluster = Cluster::new().await;
    let commands = cluster.command_node("c");
    let mut projectors = vec![cluster.projector("p1"), cluster.projector("p2")];
    let queries = cluster.query_node("q");
    let (editor, reader) = (cluster.editor(&commands), queries.anyone());
    for round in 0..2 {
        let (film, position) = add(&editor, &format!("Before {round}")).await;
        read(&reader, &film, &position).await.expect(200);
        // Whichever leads is one of the two that are killed.
        let killed = projectors.remove(0).kill();
        let since = Instant::now();
        let (film, position) = add(&editor, &format!("After {round}")).await;
        read(&reader, &film, &position).await.expect(200);
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());
        drop(killed);
        projectors.push(cluster.projector(&format!("q{round}")));
    }
    let said = cluster.command(&["verify"]);
    assert!(said.success, "{}", said.text);
}

#[tokio::test]
async fn a_query_node_without_a_projector_follows_a_switch_of_generations() {
    let cluster = Cluster::new().await;
    let commands = cluster.command_node("c");
    let _projector = cluster.projector("p");
    let queries = cluster.query_node("q");
    let (editor, reader) = (cluster.editor(&commands), queries.anyone());
    let mut films = Vec::new();
    for number in 0..30 {
        films.push(add(&editor, &format!("Film {number}")).await);
    }
    let (film, position) = films.last().unwrap().clone();
    let before = read(&reader, &film, &position).await.expect(200);
    let rebuilding = tokio::task::spawn_blocking(move || {
        let said = cluster.command(&["rebuild"]);
        (cluster, said)
    });
    let done = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (editor, done) = (editor.clone(), Arc::clone(&done));
        async move {
            while !done.load(Ordering::SeqCst) {
                add(&editor, "Meanwhile").await;
            }
        }
    });
    // Nobody who reads meanwhile sees an error or an older position.
    let mut shown = 0;
    let changed = async {
        loop {
            let answer = reader.get(&film).await.expect(200);
            let position: u64 = answer.header("Cinelog-Position").parse().unwrap();
            assert!(position >= shown, "{position} after {shown}");
            shown = position;
            // The tag carries the generation.
            if answer.header("ETag") != before.header("ETag") {
                return answer;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    let after = tokio::time::timeout(PATIENCE, changed).await.expect("it follows in time");
    done.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    assert_eq!(after.json(), before.json());
    let (cluster, said) = rebuilding.await.unwrap();
    assert!(said.success, "{}", said.text);
    let (film, position) = add(&editor, "Later").await;
    read(&reader, &film, &position).await.expect(200);
    let said = cluster.command(&["generation", "list"]);
    assert!(said.success && said.text.contains('2'), "{}", said.text);
    let back = cluster.command(&["generation", "switch", "1"]);
    assert!(back.success, "{}", back.text);
    let (film, position) = add(&editor, "After the switch back").await;
    read(&reader, &film, &position).await.expect(200);
}

#[tokio::test]
async fn of_two_editors_at_two_nodes_one_wins_and_a_key_is_carried_out_once() {
    let cluster = Cluster::new().await;
    let (one, two) = (cluster.command_node("c1"), cluster.command_node("c2"));
    let editor = cluster.editor(&one);
    let nodes = [editor.at(&one.url), editor.at(&two.url)];
    let (film, _) = add(&editor, "Playtime").await;
    let path = format!("/v1/movies/{}", film.rsplit('/').next().unwrap());
    for round in 1..=20 {
        let tag = format!("\"r{round}\"");
        let patches = nodes.iter().enumerate().map(|(index, node)| {
            node.patch(&path, &tag, json!({"runtime_minutes": round * 2 + index}))
        });
        let mut statuses: Vec<u16> =
            join_all(patches).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
    }
    for round in 0..20 {
        let title = format!("Once {round}");
        let post = |node: &Client| {
            let request = node.request(Method::POST, "/v1/movies").json(&json!({"title": title}));
            Answer::to(request.header("Idempotency-Key", format!("key-{round}")))
        };
        let answers = join_all(nodes.iter().map(post)).await;
        let bodies: Vec<_> = answers.into_iter().map(|answer| answer.expect(201).json()).collect();
        assert_eq!(bodies[0], bodies[1], "round {round}");
    }
}

#[tokio::test]
async fn the_sample_catalogue_is_loaded_once_where_two_nodes_start_at_once() {
    let cluster = Cluster::new().await;
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| cluster.node("a", &["--demo"]));
        let two = scope.spawn(|| cluster.node("b", &["--demo"]));
        (one.join().unwrap(), two.join().unwrap())
    });
    let count = async |node: &Server| {
        let request = node.anyone().request(Method::GET, "/v1/movies?limit=1");
        let answer = Answer::to(request.header("Prefer", "count=exact")).await.expect(200);
        answer.json()["total"].as_u64().unwrap()
    };
    let films = count(&one).await;
    assert!(films > 200, "{films}");
    assert_eq!(count(&two).await, films);
    let said = cluster.command(&["verify"]);
    assert!(said.success, "{}", said.text);
}

#[tokio::test]
async fn a_server_that_is_started_before_its_database_waits_for_it() {
    let mut postgres = PrivatePostgres::start().await;
    // Between them, so that the attempts can be counted.
    let proxy = CuttingProxy::to(postgres.url()).await;
    let cluster = Cluster::on(proxy.url_for(postgres.url()));
    postgres.stop().await;
    let starting = std::thread::spawn(move || (cluster.node("all", &[]), cluster));
    let tried_again = async {
        while proxy.connections() < 3 {
            assert!(!starting.is_finished(), "it neither starts nor gives up");
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, tried_again).await.expect("it tries again and again");
    postgres.start_again().await;
    let (node, cluster) = starting.join().unwrap();
    let editor = cluster.editor(&node);
    let (film, _) = add(&editor, "Playtime").await;
    editor.get(&film).await.expect(200);
}

#[tokio::test]
async fn commands_work_from_a_machine_that_has_the_configuration_and_nothing_else() {
    let cluster = Cluster::new().await;
    let node = cluster.node("all", &[]);
    let editor = cluster.editor(&node);
    add(&editor, "Mon Oncle").await;
    let films = cluster.folder.path().join("films.ndjson");
    std::fs::write(
        &films,
        "{\"title\": \"Playtime\", \"year\": 1967}\n{\"title\": \"Trafic\", \"year\": 1971}\n",
    )
    .unwrap();
    let films = films.to_str().unwrap();
    let said = cluster.command(&["import", films, "--dry-run"]);
    assert!(said.success && !said.text.contains("Elsewhere"), "{}", said.text);
    let said = cluster.command(&["import", films]);
    assert!(said.success, "{}", said.text);
    // Twice is once.
    let said = cluster.command(&["import", films, "--restart", "--json"]);
    assert!(said.success && said.text.contains("\"created\": 0"), "{}", said.text);
    for command in
        [&["verify"][..], &["generation", "list"], &["parked", "list"], &["rebuild"], &["verify"]]
    {
        let said = cluster.command(command);
        assert!(said.success, "{command:?}: {}", said.text);
    }
    let refused = cluster.command(&["backup", "films.tar"]);
    assert!(!refused.success && refused.text.contains("pg_dump"), "{}", refused.text);
    assert!(refused.text.contains("cinelog log copy"), "{}", refused.text);
    assert!(!Path::new("films.tar").exists());
}

#[tokio::test]
async fn an_import_finds_films_that_came_another_way() {
    let cluster = Cluster::new().await;
    let node = cluster.node("all", &[]);
    let editor = cluster.editor(&node);
    let film = json!({"title": "Playtime", "year": 1967});
    let made = editor.post("/v1/movies", film).await.expect(201);
    read(&editor, made.header("Location"), made.header("Cinelog-Position")).await.expect(200);
    let films = cluster.folder.path().join("films.ndjson");
    std::fs::write(&films, "{\"title\": \"Playtime\", \"year\": 1967, \"country\": \"FR\"}\n")
        .unwrap();
    let said = cluster.command(&["import", films.to_str().unwrap(), "--json"]);
    assert!(said.success && said.text.contains("\"created\": 0"), "{}", said.text);
    assert!(said.text.contains("\"changed\": 1"), "{}", said.text);
}

#[test]
fn a_password_is_never_shown_and_what_is_wrong_with_an_address_is_said() {
    let check = |url: &str| {
        let environment = [("CINELOG__LOG__URL", OsStr::new(url))];
        let output = e2e::run_in(&environment, ["config", "check"]);
        (output.success, format!("{}{}", output.stdout, output.stderr))
    };
    let (success, text) = check("postgres://cinelog:s3cret@db.example/films?sslmode=verify-full");
    assert!(success, "{text}");
    assert!(text.contains("postgres://cinelog:********@db.example/films?sslmode=verify-full"));
    for (wrong, said) in [
        ("postgres://cinelog:s3cret@db.example", "names no database"),
        ("postgres://cinelog:s3cret@db.example/films?sslmdoe=require", "sslmdoe"),
        ("mysql://cinelog:s3cret@db.example/films", "sqlite:PATH"),
    ] {
        let (success, text) = check(wrong);
        assert!(!success && text.contains("log.url") && text.contains(said), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
    let environment = [
        ("CINELOG__LOG__URL", OsStr::new("postgres://cinelog:s3cret@127.0.0.1:1/films")),
        ("CINELOG__SERVER__START_TIMEOUT", OsStr::new("1s")),
    ];
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data"].map(OsStr::new);
    let output = e2e::run_in(&environment, serve.into_iter().chain([data.as_os_str()]));
    assert!(!output.success);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains("127.0.0.1:1") && said.contains("server.start_timeout"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

#[tokio::test]
async fn no_process_ends_while_the_database_is_away_and_all_go_on_when_it_is_back() {
    let mut postgres = PrivatePostgres::start().await;
    let cluster = Cluster::on(postgres.url().to_owned());
    let commands = cluster.command_node("c");
    let projector = cluster.projector("p");
    let queries = cluster.query_node("q");
    let (editor, reader) = (cluster.editor(&commands), queries.anyone());
    let (film, position) = add(&editor, "Before").await;
    read(&reader, &film, &position).await.expect(200);
    postgres.kill().await;
    let refused = editor.post("/v1/movies", json!({"title": "Meanwhile"})).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    for node in [&commands, &projector, &queries] {
        node.becomes_ready(false).await;
    }
    postgres.start_again().await;
    for node in [&commands, &projector, &queries] {
        node.becomes_ready(true).await;
    }
    let (film, position) = add(&editor, "After").await;
    read(&reader, &film, &position).await.expect(200);
    let said = cluster.command(&["verify"]);
    assert!(said.success, "{}", said.text);
}
