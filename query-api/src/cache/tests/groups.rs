//! By what names caches in front of the server forget answers.

use std::collections::BTreeSet;

use super::*;

/// The groups that an answer names.
async fn groups(model: &ReadModel, address: &str) -> BTreeSet<String> {
    let answer = model.get(address).await;
    let keys = answer.header("surrogate-key");
    let groups: BTreeSet<String> = keys.split(' ').map(str::to_owned).collect();
    let quoted =
        answer.header("cache-groups").split(", ").map(|group| group.trim_matches('"').to_owned());
    assert_eq!(quoted.collect::<BTreeSet<_>>(), groups, "{address}");
    assert!(groups.iter().all(|group| (1..=32).contains(&group.len())), "{groups:?}");
    groups
}

/// The groups that a change makes caches forget.
fn forgotten(change: &ReadModelChanged) -> BTreeSet<String> {
    changed_groups(change).iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_public_answer_is_forgotten_when_what_it_shows_changes() {
    let ran = drama("Ran");
    let model = ReadModel::with(std::slice::from_ref(&ran)).await;
    let changed = forgotten(&model.commit(std::slice::from_ref(&ran)).await);
    let film = address(&ran);
    let addresses = [
        film.clone(),
        format!("{film}/ratings"),
        format!("{film}/genres"),
        "/v1/movies".to_owned(),
        "/v1/movies?q=ran".to_owned(),
        "/v1/genres".to_owned(),
        "/v1/genres/drama".to_owned(),
        "/v1/genres/Drama".to_owned(),
        "/v1/genres/drama/movies".to_owned(),
    ];
    for address in addresses {
        let named = groups(&model, &address).await;
        assert!(!named.is_disjoint(&changed), "{address}: {named:?} of {changed:?}");
    }
}

#[tokio::test]
async fn a_rating_leaves_genres_and_other_films_where_they_are() {
    let (ran, kagemusha) = (drama("Ran"), drama("Kagemusha"));
    let model = ReadModel::with(&[ran.clone(), kagemusha.clone()]).await;
    // No film comes or goes.
    let change = model.commit(std::slice::from_ref(&ran)).await;
    let changed = forgotten(&ReadModelChanged { facets: Vec::new(), ..change });
    assert_eq!(changed, BTreeSet::from(["movies".to_owned(), ran.id.0.simple().to_string()]));
    for address in [address(&kagemusha), "/v1/genres".to_owned(), "/v1/genres/drama".to_owned()] {
        let named = groups(&model, &address).await;
        assert!(named.is_disjoint(&changed), "{address}: {named:?}");
    }
}

#[tokio::test]
async fn a_304_names_the_groups_and_what_is_nobody_elses_names_none() {
    let ran = drama("Ran");
    let model = ReadModel::with(std::slice::from_ref(&ran)).await;
    let film = address(&ran);
    let tag = model.get(&film).await.header("etag").to_owned();
    let unchanged = model.ask("GET", &film, &[("if-none-match", &tag)]).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
    assert_eq!(unchanged.header("surrogate-key"), ran.id.0.simple().to_string());
    let own = model.get(&format!("{film}/ratings/me")).await;
    assert_eq!((own.header("surrogate-key"), own.header("cache-groups")), ("", ""));
}

#[test]
fn what_has_no_address_has_no_group() {
    let slug = events::Slug::of("Tatsuya Nakadai");
    assert_eq!(About::Facets(FacetKind::Actor).group(), None);
    assert_eq!(About::Facet((FacetKind::Studio, slug.clone())).group(), None);
    assert!(About::Facet((FacetKind::Person, slug)).group().is_some());
}
