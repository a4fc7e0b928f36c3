//! A film's life, as an editor, three raters and a reader see it.

use e2e::Server;
use serde_json::json;

#[tokio::test]
async fn a_film_is_created_edited_rated_listed_deleted_and_restored() {
    let server = Server::start();
    let (editor, reader) = (server.caller("editor"), server.anyone());

    // An editor adds a film, and reads their own write by its position.
    let created = editor
        .post(
            "/v1/movies",
            json!({
                "title": "Seven Samurai", "original_title": "七人の侍", "year": 1954,
                "runtime_minutes": 207, "genres": ["Action", "Drama"],
                "directors": ["Akira Kurosawa"], "country": "JP", "language": "ja",
            }),
        )
        .await
        .expect(201);
    let film = created.header("Location").to_owned();
    let position = created.header("Cinelog-Position");
    let read = reader.get_at(&film, position).await.expect(200);
    assert_eq!(read.json()["title"], "Seven Samurai");
    assert_eq!(read.json()["revision"], 1);
    assert_eq!(read.json()["rating"]["count"], 0);
    assert!(read.header("Cinelog-Position").parse::<u64>().unwrap() >= position.parse().unwrap());

    // Someone else edits it first; the editor's edit is meant for a revision that is gone.
    let seen = read.header("ETag").to_owned();
    let colleague = server.caller("editor");
    colleague.patch(&film, &seen, json!({"runtime_minutes": 206})).await.expect(200);
    let refused = editor.patch(&film, &seen, json!({"synopsis": "Rice and honour."})).await;
    let problem = refused.expect(412).json();
    assert_eq!(problem["current_revision"], 2);
    assert_eq!(problem["events"][0]["type"], "MovieDetailsChanged");
    assert_eq!(problem["events"][0]["data"]["changes"], json!({"runtime_minutes": 206}));

    // Knowing what came in between, the editor tries again.
    let now = reader.get(&film).await.expect(200).header("ETag").to_owned();
    editor.patch(&film, &now, json!({"synopsis": "Rice and honour."})).await.expect(200);

    // Three people rate it; one changes their mind. Ratings do not make editors lose a race.
    let before = reader.get(&film).await.expect(200).header("ETag").to_owned();
    let people = [server.caller("member"), server.caller("member"), server.caller("member")];
    for (person, value) in people.iter().zip([10, 9, 5]) {
        person.put(&format!("{film}/ratings/me"), json!({"value": value})).await.expect(201);
    }
    people[2].put(&format!("{film}/ratings/me"), json!({"value": 8})).await.expect(200);
    let rated = reader.get(&film).await.expect(200);
    assert_eq!(rated.json()["rating"]["count"], 3);
    assert_eq!(rated.json()["rating"]["average"], 9.0);
    assert_ne!(rated.header("ETag"), before, "a new rating is a new representation");
    editor.patch(&film, &before, json!({"country": "JP", "tags": ["classic"]})).await.expect(200);

    // A reader's copy is still good, until it is not.
    let fresh = reader.get(&film).await.expect(200).header("ETag").to_owned();
    let unchanged = reader.get_with(&film, "If-None-Match", &fresh).await.expect(304);
    assert_eq!(unchanged.text, "");
    assert_eq!(unchanged.header("ETag"), fresh);
    reader.get_with(&film, "If-None-Match", &before).await.expect(200);

    // More films; a reader pages to the end by the links and meets each once.
    for number in 1..=24 {
        let title = format!("The Film No. {number:02}");
        editor.post("/v1/movies", json!({"title": title, "year": 2000 + number})).await.expect(201);
    }
    let mut titles = Vec::new();
    let mut next = Some("/v1/movies?sort=-year,title&limit=7".to_owned());
    while let Some(page) = next {
        let answer = reader.get(&page).await.expect(200);
        let items = answer.json()["items"].as_array().unwrap().clone();
        titles.extend(items.iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        next = answer.link("next");
    }
    assert_eq!(titles.len(), 25);
    assert_eq!(titles[0], "The Film No. 24");
    assert_eq!(titles[24], "Seven Samurai");
    let genre = reader.get("/v1/genres/drama/movies").await.expect(200).json();
    assert_eq!(genre["items"][0]["title"], "Seven Samurai");

    // The film is deleted, twice, is gone for readers and raters, and comes back as it was.
    editor.delete(&film).await.expect(204);
    editor.delete(&film).await.expect(204);
    let gone = reader.get(&film).await.expect(404);
    assert_eq!(gone.header("Content-Type"), "application/problem+json");
    people[0].put(&format!("{film}/ratings/me"), json!({"value": 1})).await.expect(404);
    assert_eq!(reader.get("/v1/genres/drama").await.status, 404, "its only film is gone");
    editor.post(&format!("{film}/restore"), json!({})).await.expect(200);
    let back = reader.get(&film).await.expect(200).json();
    assert_eq!(back["synopsis"], "Rice and honour.");
    assert_eq!(back["tags"], json!(["classic"]));
    assert_eq!(back["rating"]["average"], 9.0);
}
