//! Reads.

use super::{super::*, FILM, film_stream, life_of_a_film};

fn read(asked: Option<u64>, found: Found) -> Read {
    Read { reader: 1, in_session: false, asked, sent: 7, target: target(), found }
}

fn target() -> String {
    format!("/v1/movies/{FILM}")
}

fn is() -> ReadIs {
    ReadIs { reader: 1, sent: 7, target: target() }
}

fn film(position: u64, revision: u64, ratings: u64) -> Found {
    Found::Film { position, stream: film_stream(), revision, ratings }
}

fn nothing() -> Found {
    Found::Nothing { stream: film_stream() }
}

fn check_reads(reads: &[Read]) -> Vec<Violation> {
    let (reads, log) = (reads.to_vec(), life_of_a_film());
    History { reads, log, ..History::default() }.check(|_| true)
}

#[test]
fn reads_without_fault_have_no_violations() {
    let reads = [
        read(None, nothing()),
        read(Some(1), film(1, 1, 0)),
        read(Some(2), film(4, 2, 2)),
        // Newer than it says.
        read(None, film(1, 4, 3)),
        // Deleted at the fifth, restored at the sixth.
        read(Some(5), nothing()),
        read(Some(4), nothing()),
        read(Some(5), film(6, 4, 2)),
        read(Some(8), Found::Other { position: 8 }),
    ];
    assert_eq!(check_reads(&reads), []);
}

#[test]
fn a_read_that_is_older_than_it_was_asked_for_is_found() {
    let stale = Violation::Stale { read: is(), asked: 7, shown: 6 };
    assert_eq!(check_reads(&[read(Some(7), Found::Other { position: 6 })]), [stale]);
}

#[test]
fn a_client_that_is_shown_less_than_before_is_found_where_it_asked_for_that() {
    let other = |position| read(None, Found::Other { position });
    let in_session = |position| Read { in_session: true, ..other(position) };
    assert_eq!(check_reads(&[other(5), other(4), in_session(5)]), []);
    let back = Violation::WentBack { read: is(), before: 5, shown: 4 };
    assert_eq!(check_reads(&[in_session(5), in_session(4)]), [back]);
    // Of another client, nothing follows.
    assert_eq!(check_reads(&[in_session(5), Read { reader: 2, ..in_session(4) }]), []);
}

#[test]
fn a_film_that_is_shown_as_it_was_before_the_position_is_found() {
    // The position is right, what is shown is not.
    let behind = |position, there, shown| Violation::Behind { read: is(), position, there, shown };
    assert_eq!(check_reads(&[read(None, film(2, 1, 0))]), [behind(2, (2, 0), (1, 0))]);
    assert_eq!(check_reads(&[read(None, film(4, 2, 1))]), [behind(4, (2, 2), (2, 1))]);
    // Nor is what is older than was asked for, whatever it says.
    let found = check_reads(&[read(Some(4), film(3, 2, 1))]);
    assert!(found.contains(&behind(4, (2, 2), (2, 1))), "{found:?}");
}

#[test]
fn a_film_of_which_more_is_shown_than_the_log_holds_is_found() {
    let invented = |end, shown| Violation::Invented { read: is(), end, shown };
    assert_eq!(check_reads(&[read(None, film(8, 5, 3))]), [invented((4, 3), (5, 3))]);
    assert_eq!(check_reads(&[read(None, film(8, 4, 4))]), [invented((4, 3), (4, 4))]);
    let stream = "movie-of-nobody".to_owned();
    let of_nobody = Found::Film { position: 1, stream, revision: 1, ratings: 0 };
    assert_eq!(check_reads(&[read(None, of_nobody)]), [invented((0, 0), (1, 0))]);
}

#[test]
fn a_film_that_is_not_found_though_it_is_there_and_the_other_way_round_is_found() {
    let wrong = |found, position| Violation::WrongPresence { read: is(), found, position };
    // From the sixth on it is there again.
    assert_eq!(check_reads(&[read(Some(6), nothing())]), [wrong(false, 6)]);
    let mut log = life_of_a_film();
    log.truncate(5);
    let reads = vec![read(Some(5), film(5, 3, 2))];
    let history = History { reads, log, ..History::default() };
    assert_eq!(history.check(|_| true), [wrong(true, 5)]);
}

#[test]
fn a_read_with_an_answer_that_no_server_may_give_is_found() {
    let wrong = Violation::WrongAnswer { to: is().to_string(), said: "500".to_owned() };
    assert_eq!(check_reads(&[read(None, Found::Wrong("500".to_owned()))]), [wrong]);
}

#[test]
fn an_excerpt_shows_the_read_and_what_the_log_holds_of_the_film() {
    let reads = vec![read(Some(4), film(4, 1, 2))];
    let history = History { reads, log: life_of_a_film(), ..History::default() };
    let found = history.check(|_| true);
    let lines = excerpt(&history, &found[0]).join("\n");
    assert!(lines.contains("asked for Some(4)"), "{lines}");
    assert!(lines.contains("in the log at 2: MovieDetailsChanged"), "{lines}");
    assert!(!lines.contains("movie-another"), "{lines}");
}
