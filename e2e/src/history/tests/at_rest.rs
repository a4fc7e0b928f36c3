//! Nodes at rest.

use super::{super::*, film_stream, life_of_a_film};

/// A node that shows what it should.
fn node(name: &str) -> Shown {
    let film = |stream: &str, revision, ratings| ShownFilm {
        stream: stream.to_owned(),
        revision,
        ratings,
    };
    Shown {
        node: name.to_owned(),
        films: vec![film(&film_stream(), 4, 1), film("movie-another", 1, 0)],
        answers: vec![("/v1/genres".to_owned(), "[]".to_owned())],
    }
}

fn check_shown(shown: Vec<Shown>) -> Vec<Violation> {
    History { shown, log: life_of_a_film(), ..History::default() }.check(|_| true)
}

fn other(log: Option<(u64, u64)>, shown: Option<(u64, u64)>) -> Violation {
    Violation::ShownOther { node: "two".to_owned(), stream: film_stream(), log, shown }
}

#[test]
fn nodes_that_show_what_the_log_tells_have_no_violations() {
    assert_eq!(check_shown(vec![node("one"), node("two")]), []);
}

#[test]
fn a_film_that_a_node_shows_otherwise_is_found() {
    let mut two = node("two");
    two.films[0].ratings = 2;
    assert_eq!(check_shown(vec![node("one"), two]), [other(Some((4, 1)), Some((4, 2)))]);
}

#[test]
fn a_film_that_a_node_does_not_show_is_found() {
    let mut two = node("two");
    two.films.remove(0);
    assert_eq!(check_shown(vec![node("one"), two]), [other(Some((4, 1)), None)]);
}

#[test]
fn a_film_that_a_node_shows_twice_or_though_it_is_deleted_is_found() {
    let mut two = node("two");
    two.films.push(two.films[0].clone());
    assert_eq!(check_shown(vec![node("one"), two]), [other(None, Some((4, 1)))]);
    let mut log = life_of_a_film();
    log.truncate(5);
    let mut two = node("two");
    two.films.truncate(1);
    let history = History { shown: vec![two], log, ..History::default() };
    assert_eq!(history.check(|_| true), [other(None, Some((4, 1)))]);
}

#[test]
fn nodes_that_answer_differently_are_found() {
    let mut two = node("two");
    two.answers[0].1 = "[1]".to_owned();
    let nodes = ("one".to_owned(), "two".to_owned());
    let disagree = Violation::Disagree { nodes, target: "/v1/genres".to_owned() };
    assert_eq!(check_shown(vec![node("one"), two]), [disagree]);
}
