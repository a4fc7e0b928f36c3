//! Films that are asked for at once, on a real server.

use futures::future::join_all;
use proving_ground::CuttingProxy;

use super::*;
use crate::{
    Store,
    store::postgres::PostgresStore,
    testing::{Kind, ReadModel, film},
};

/// Keeps a connection busy that others want.
async fn hold(session: &Session, sql: &'static str) {
    session.rows(&|| QueryBuilder::new(sql)).await.unwrap();
}

async fn store(films: &[MovieDocument]) -> (ReadModel, PostgresStore) {
    let model = ReadModel::of(Kind::Postgres, films).await;
    let store = model.postgres().store().await;
    (model, store)
}

#[tokio::test]
async fn of_many_who_ask_at_once_each_is_given_their_own_film() {
    let films: Vec<_> = (0..100).map(|number| film(&format!("Film {number}"))).collect();
    let (_model, store) = store(&films).await;
    // Every film twice, and as many that are not there.
    let wanted = (0..400).map(|number| film(&format!("Film {}", number % 200)).id);
    let asking = wanted.clone().map(|id| store.movie(id));
    let (seen, ()) = tokio::join!(join_all(asking), hold(&store.rows, "SELECT pg_sleep(0.2)"));
    for (number, (id, seen)) in wanted.zip(seen).enumerate() {
        let film = seen.unwrap().1;
        assert_eq!(film.map(|film| film.id), (number % 200 < 100).then_some(id));
    }
    assert!(store.films.0.waiting().is_empty());
}

#[tokio::test]
async fn films_are_looked_for_by_their_ids_even_where_that_was_planned_before_there_were_any() {
    let (_model, store) = store(&[]).await;
    let ids = vec![Uuid::nil(); TOGETHER_MAX];
    let plan = store.rows.rows(&|| statement("EXPLAIN ", &ids)).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|step| step.get(0)).collect();
    assert!(plan.iter().any(|step| step.contains("movie_id")), "{plan:#?}");
    let others = ["Seq Scan", "movie_title", "movie_year", "movie_rating"];
    let is_other = |step: &String| others.iter().any(|other| step.contains(other));
    assert!(!plan.iter().any(is_other), "{plan:#?}");
}

#[tokio::test]
async fn films_are_given_while_every_connection_for_lists_is_busy() {
    let ran = film("Ran");
    let (_model, store) = store(std::slice::from_ref(&ran)).await;
    tokio::select! {
        biased;
        () = hold(&store.lists, "SELECT pg_sleep(9)") => panic!("the list was quicker"),
        seen = store.movie(ran.id) => assert!(seen.unwrap().1.is_some()),
    }
}

#[tokio::test]
async fn a_film_is_as_new_as_when_it_was_asked_for_however_many_others_ask() {
    let ran = film("Ran");
    let (model, store) = store(std::slice::from_ref(&ran)).await;
    let mut others = Vec::new();
    for position in 1..40 {
        model.postgres().run(&format!("UPDATE checkpoint SET position = {position}")).await;
        others.extend((0..8).map(|_| {
            let (store, id) = (store.clone(), ran.id);
            tokio::spawn(async move { (position, store.movie(id).await.unwrap().0) })
        }));
    }
    for other in others {
        let (position, seen) = other.await.unwrap();
        assert!(seen.position.0 >= position, "{seen:?} after {position}");
    }
}

#[tokio::test]
async fn when_too_many_wait_the_next_is_told_to_come_again() {
    let (_model, store) = store(&[]).await;
    let id = film("Ran").id;
    // The first one is on its way, over the one connection that there is.
    let asking = (0..WAITING_MAX + 2).map(|_| store.movie(id));
    let mut seen = join_all(asking).await;
    let last = seen.pop().unwrap();
    assert!(matches!(last, Err(StoreError::Unavailable(_))), "{last:?}");
    let refused = seen.iter().filter(|seen| seen.is_err()).count();
    assert!(refused <= 1, "{refused} more");
}

#[tokio::test]
async fn films_that_nobody_waits_for_any_more_are_not_fetched() {
    let (_model, store) = store(&[]).await;
    let ask = |title: &str| store.films.ask(film(title).id).unwrap();
    // Nothing is fetched before this task waits for something.
    let (gone, stays) = (ask("Gone"), ask("Stays"));
    drop(gone);
    let next = store.films.0.next().unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].id, film("Stays").id);
    store.films.0.answer(next).await;
    assert_eq!(stays.await.unwrap().unwrap().1, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_and_callers_who_go_leave_nobody_waiting() {
    let ran = film("Ran");
    let model = ReadModel::of(Kind::Postgres, std::slice::from_ref(&ran)).await;
    let options = model.postgres().options().await;
    let proxy = CuttingProxy::to(&options.url).await;
    let url = proxy.url_for(&options.url);
    let options = PostgresStoreOptions { url, connections: 8, ..options };
    let store = PostgresStore::open(options).await.unwrap();
    for _ in 0..20 {
        let ask = |number: u64| {
            let (store, id) = (store.clone(), ran.id);
            // Every third one goes, at all times while the others are served.
            let patience = Duration::from_micros(number * 20);
            let goes = number.is_multiple_of(3);
            tokio::spawn(async move {
                match goes {
                    true => timeout(patience, store.movie(id)).await.ok(),
                    false => Some(store.movie(id).await),
                }
            })
        };
        let asking: Vec<_> = (0..200).map(ask).collect();
        proxy.cut();
        for seen in join_all(asking).await {
            match seen.unwrap() {
                Some(Ok((_, seen))) => assert_eq!(seen.map(|film| film.id), Some(ran.id)),
                Some(Err(error)) => {
                    assert!(matches!(error, StoreError::Unavailable(_)), "{error}")
                }
                None => {}
            }
        }
        // Those that went may wait still, but only until somebody is there to see that.
        store.movie(ran.id).await.unwrap();
        assert!(store.films.0.waiting().iter().all(|asked| asked.answer.is_closed()));
    }
}
