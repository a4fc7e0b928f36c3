//! `cinelog serve --demo` is all that a newcomer types.

use std::process::Command;

use e2e::{Server, run};

fn pasted(line: &str) -> (bool, String) {
    let output =
        Command::new("bash").args(["-c", &format!("{line} -sS --fail-with-body")]).output();
    let Ok(output) = output else { return (false, "bash cannot be run".to_owned()) };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), text + &String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn each_of_the_three_lines_works_when_pasted() {
    let server = Server::start_with(&["--demo"]);
    let lines: Vec<&str> =
        server.banner.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 3, "{}", server.banner);
    for line in lines {
        let (success, output) = pasted(line);
        assert!(success, "{line}\n{output}");
    }
}

#[tokio::test]
async fn the_sample_catalogue_is_loaded_the_first_time_only() {
    let server = Server::start_with(&["--demo"]);
    let count = |answer: e2e::Answer| answer.expect(200).json()["total"].as_u64().unwrap();
    let exact = ("Prefer", "count=exact");
    let films = count(server.anyone().get_with("/v1/movies?limit=1", exact.0, exact.1).await);
    assert!((230..=300).contains(&films), "{films} films");
    let position = server.anyone().get("/v1/movies?limit=1").await;
    let position = position.header("Cinelog-Position").to_owned();

    let stopped = server.kill();
    let again = stopped.start_again_with(&["--demo"]);
    let answer = again.anyone().get_with("/v1/movies?limit=1", exact.0, exact.1).await;
    assert_eq!(answer.header("Cinelog-Position"), position, "nothing was appended");
    assert_eq!(count(answer), films);
}

#[tokio::test]
async fn what_someone_changed_in_the_demo_stays_changed() {
    let server = Server::start_with(&["--demo"]);
    let editor = server.caller("editor");
    let found = editor.get("/v1/movies?imdb=tt0047478").await.expect(200).json();
    let film = found["items"][0]["links"]["self"].as_str().unwrap().to_owned();
    editor
        .patch(&film, "*", serde_json::json!({"title": "Shichinin no Samurai"}))
        .await
        .expect(200);
    let again = server.kill().start_again_with(&["--demo"]);
    assert_eq!(again.anyone().get(&film).await.expect(200).json()["title"], "Shichinin no Samurai");
}

#[test]
fn a_token_is_printed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_string_lossy();
    let output = run(["token", "--role", "editor", "--ttl", "1h", "--data", &data]);
    assert!(output.success, "{output:?}");
    assert_eq!(output.stdout.trim().split('.').count(), 3, "{output:?}");
    assert_eq!(output.stdout.lines().count(), 1);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_wrong_role_is_refused_with_the_roles_there_are() {
    let output = run(["token", "--role", "king"]);
    assert!(!output.success);
    for role in ["king", "viewer", "member", "editor", "admin"] {
        assert!(output.stderr.contains(role), "{}", output.stderr);
    }
}
