//! What is generated from the code is served, and equals what is committed.

use std::{fs, path::Path};

use e2e::{Server, run};
use serde_json::Value;

fn committed(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn the_openapi_document_is_the_committed_one() {
    let server = Server::start();
    let served = server.anyone().get("/openapi.json").await.expect(200).json();
    assert_eq!(served["openapi"].as_str().map(|version| &version[..4]), Some("3.1."));
    let printed: Value = serde_json::from_str(&run(["openapi"]).stdout).unwrap();
    assert_eq!(served, printed);
    let committed: Value = serde_json::from_str(&committed("docs/openapi.json")).unwrap();
    assert!(served == committed, "run: cinelog openapi > docs/openapi.json");
}

#[tokio::test]
async fn every_operation_of_the_document_is_routed() {
    let server = Server::start();
    let client = server.anyone();
    let document = client.get("/openapi.json").await.expect(200).json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let target = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
        let target = target.replace("{type}", "MovieRated").replace("{version}", "1");
        let target = target.replace("{slug}", "x").replace("{tag}", "x").replace("{platform}", "x");
        let options = client.request(reqwest::Method::OPTIONS, &target);
        let allow = e2e::Answer::to(options).await.expect(204).header("Allow").to_owned();
        for method in operations.as_object().unwrap().keys() {
            assert!(allow.contains(&method.to_uppercase()), "{method} {path}: {allow}");
        }
    }
}

#[tokio::test]
async fn the_schemas_of_all_events_are_served_as_committed() {
    let server = Server::start();
    let reader = server.anyone();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/schemas");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (event_type, version) = name.trim_end_matches(".json").split_once('.').unwrap();
        let served = reader.get(&format!("/v1/schemas/{event_type}/{version}")).await.expect(200);
        let file: Value =
            serde_json::from_str(&committed(&format!("events/schemas/{name}"))).unwrap();
        assert_eq!(served.json(), file);
        count += 1;
    }
    assert!(count >= 12, "{count}");
    reader.get("/v1/schemas/MovieRated/99").await.expect(404);
}

#[tokio::test]
async fn the_documentation_pages_come_from_the_binary_alone() {
    let server = Server::start();
    let reader = server.anyone();
    let page = reader.get("/docs/").await.expect(200);
    let mut files = vec!["index.css", "./swagger-initializer.js", "./swagger-ui-bundle.js"];
    files.extend(["./swagger-ui.css", "./swagger-ui-standalone-preset.js"]);
    for file in files {
        assert!(page.text.contains(file), "{file}");
        reader.get(&format!("/docs/{}", file.trim_start_matches("./"))).await.expect(200);
    }
    for attribute in ["src=\"http", "src=\"//", "href=\"http", "href=\"//"] {
        assert!(!page.text.contains(attribute), "{attribute}");
    }
    let setup = reader.get("/docs/swagger-initializer.js").await.expect(200);
    assert!(setup.text.contains("/openapi.json") && !setup.text.contains("http"), "{}", setup.text);
}

#[test]
fn the_configuration_reference_is_the_committed_one() {
    let printed = run(["config", "reference"]).stdout;
    assert_eq!(printed, committed("docs/configuration.md"));
}
