//! What the logs of tests hold.

use crate::history::History;

/// What another log holds: longer, and other events from the first one on.
pub(crate) fn other_history() -> History {
    let mut history = History::default();
    for movie in 100..220 {
        history.create_with_genres(movie, ["Western"]);
    }
    assert!(history.events.len() > busy_history().events.len());
    history
}

/// Some films, shared genres, ratings given and taken back, a deletion and its undoing.
pub(crate) fn busy_history() -> History {
    let mut history = History::default();
    history.describe("Drama", "People talk.");
    for movie in 1..20 {
        history.create_with_genres(
            movie,
            [["Drama", "Noir"], ["drama", "War"]][usize::from(movie % 2)],
        );
        for account in 0..movie % 4 {
            history.rate(movie, account, movie % 10 + 1);
        }
        if movie % 4 == 3 {
            history.withdraw(movie, 0).withdraw(movie, 1).rate(movie, 1, 4).rate(movie, 1, 5);
        }
        if movie % 3 == 0 {
            history.delete(movie);
        }
        if movie % 6 == 0 {
            history.restore(movie);
        }
    }
    history
}
