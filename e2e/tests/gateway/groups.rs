//! A gateway forgets an answer when any of the groups is purged that the answer names. nginx has to tell by the
//! address alone; this is what keeps its table and the server's the same.

use e2e::{Answer, Client};
use proving_ground::GatewayKind;
use reqwest::Method;
use serde_json::Value;

use crate::{
    on_every_gateway,
    site::{KEPT_LONG, Site, cache, warm},
};

/// An address of each public route that the document has, and odd ways to write some.
fn addresses(document: &Value, film: &str) -> Vec<String> {
    let paths = document["paths"].as_object().unwrap().iter();
    let gets = paths.filter(|(path, item)| item.get("get").is_some() && !path.contains("/me"));
    let mut addresses: Vec<String> = gets
        .filter(|(path, _)| {
            let nouns = ["movies", "genres", "tags", "platforms", "people"];
            nouns.iter().any(|noun| path.strip_prefix("/v1/").is_some_and(|p| p.starts_with(noun)))
        })
        .map(|(path, _)| {
            let slug = ["genres", "tags", "platforms", "people"].into_iter().zip([
                "drama",
                "slow",
                "mubi",
                "akira-kurosawa",
            ]);
            let path = path.replace("/v1/movies/{id}", film);
            slug.fold(path, |path, (noun, slug)| {
                path.replace(&format!("/{noun}/{{slug}}"), &format!("/{noun}/{slug}"))
            })
        })
        .collect();
    assert!(
        addresses.len() >= 19 && addresses.iter().all(|path| !path.contains('{')),
        "{addresses:?}"
    );
    addresses.extend([
        film.to_uppercase().replace("/V1/MOVIES", "/v1/movies"),
        format!("{film}?fields=title"),
        "/v1/genres/Drama".to_owned(),
        "/v1/people/Akira%20Kurosawa/movies?limit=1".to_owned(),
        "/v1/movies?genre=drama".to_owned(),
        "/v1/movies?q=ran%2F..%2Fgenres".to_owned(),
    ]);
    addresses
}

async fn purge(reader: &Client, token: &str, group: &str) {
    let request = reader.request(Method::from_bytes(b"PURGE").unwrap(), "/");
    let request = request.bearer_auth(token).header("surrogate-key", group);
    Answer::to(request).await.expect(200);
}

async fn an_answer_is_forgotten_with_each_group_that_it_names(kind: GatewayKind) {
    let site = Site::that_does_not_purge(kind, &KEPT_LONG).await;
    let film = site.add("Ran").await;
    let (reader, node) = (site.reader(), site.node.anyone());
    let document = node.get("/openapi.json").await.expect(200).json();
    for address in addresses(&document, &film) {
        let named = node.get(&address).await.expect(200);
        let groups: Vec<&str> = named.header("surrogate-key").split(' ').collect();
        assert!(!groups[0].is_empty(), "{address} names no group");
        for group in groups {
            // A single genre is purged with the list that it is in: whenever it changes, so does that.
            let is_of_one = group.len() == 32 && group != film[11..].replace('-', "");
            let noun = address.split('/').nth(2).unwrap();
            let group = if is_of_one { format!("{noun} {group}") } else { group.to_owned() };
            warm(&reader, &address).await;
            // Another film, so that nothing is forgotten because everything is.
            purge(&reader, site.gateway.token(), "ffffffffffffffffffffffffffffffff").await;
            assert_eq!(
                cache(&reader.get(&address).await),
                "HIT",
                "{address} after another's purge"
            );
            purge(&reader, site.gateway.token(), &group).await;
            assert_ne!(cache(&reader.get(&address).await), "HIT", "{address} after {group}");
        }
    }
}

on_every_gateway! {
    an_answer_is_forgotten_with_each_group_that_it_names,
}
