use domain::rating::Rating;
use event_log::sqlite::{SqliteLog, SqliteLogOptions};
use events::{AccountId, MovieId, MovieRated};
use futures::future::join_all;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

const MOVIE: MovieId = MovieId(Uuid::from_u128(1));
const ACCOUNT: AccountId = AccountId(Uuid::from_u128(2));

struct Given {
    executor: Executor,
    stream: StreamName,
    metadata: Metadata,
    _folder: TempDir,
}

impl Given {
    async fn nothing() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteLogOptions::at(folder.path().join("log.db"));
        let log = Arc::new(SqliteLog::open(options).await.unwrap());
        let clock = Clock::fixed("2026-01-02T03:04:05Z".parse().unwrap());
        Self {
            metadata: Metadata::at(clock.now()),
            executor: Executor::new(log, clock),
            stream: StreamName::rating(MOVIE, ACCOUNT),
            _folder: folder,
        }
    }

    async fn when(
        &self,
        decide: impl Fn(&Rating, Revision) -> Result<Vec<Event>, &'static str>,
    ) -> Result<CarriedOut, CarryOutError<&'static str>> {
        self.executor.carry_out(&self.stream, &self.metadata, decide).await
    }

    async fn rating(&self) -> Loaded<Rating> {
        self.executor.load::<Rating, LoadError>(&self.stream).await.unwrap()
    }
}

type LoadError = CarryOutError<()>;

fn rated(value: u8) -> Event {
    MovieRated { movie_id: MOVIE, account_id: ACCOUNT, value }.into()
}

fn one_better(rating: &Rating, _: Revision) -> Result<Vec<Event>, &'static str> {
    let value = rating.value.unwrap_or_default() + 1;
    if value > 10 { Err("it is the best already") } else { Ok(vec![rated(value)]) }
}

#[tokio::test]
async fn what_is_decided_is_in_the_log() {
    let given = Given::nothing().await;
    let first = given.when(one_better).await.unwrap();
    assert_eq!((first.before, first.after.revision), (Revision::NONE, Revision(1)));
    let second = given.when(one_better).await.unwrap();
    assert_eq!((second.before, second.after.revision), (Revision(1), Revision(2)));
    assert_eq!(given.rating().await.state.value, Some(2));
}

#[tokio::test]
async fn a_decision_to_do_nothing_changes_nothing() {
    let given = Given::nothing().await;
    given.when(one_better).await.unwrap();
    let nothing = given.when(|_, _| Ok(vec![])).await.unwrap();
    assert!(!nothing.changed_something());
    assert_eq!(nothing.after.revision, Revision(1));
    assert_eq!(given.rating().await.revision, Revision(1));
}

#[tokio::test]
async fn a_refusal_comes_back_as_it_was_given() {
    let given = Given::nothing().await;
    let refused = given.when(|_, _| Err("no")).await;
    assert!(matches!(refused, Err(CarryOutError::Refused("no"))));
    assert_eq!(given.rating().await.revision, Revision::NONE);
}

#[tokio::test]
async fn all_that_follows_from_a_decision_is_appended_in_one_piece() {
    let given = Given::nothing().await;
    let done = given.when(|_, _| Ok(vec![rated(3), rated(4)])).await.unwrap();
    assert_eq!(done.after.revision, Revision(2));
    assert_eq!(given.rating().await.state.value, Some(4));
}

#[tokio::test]
async fn a_stream_of_several_pages_is_read_to_its_end() {
    let given = Given::nothing().await;
    for _ in 0..3 {
        given.when(|_, _| Ok((0..400).map(|_| rated(5)).collect())).await.unwrap();
    }
    let done = given.when(|_, revision| if revision.0 == 1200 { Ok(vec![]) } else { Err("cut") });
    assert_eq!(done.await.unwrap().before, Revision(1200));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_commands_at_once_each_is_decided_on_what_the_others_left() {
    let given = Given::nothing().await;
    let outcomes = join_all((0..12).map(|_| given.when(one_better))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    let refused = |outcome: &&Result<_, _>| matches!(outcome, Err(CarryOutError::Refused(_)));
    assert_eq!(outcomes.iter().filter(refused).count(), 2);
    assert_eq!(given.rating().await.revision, Revision(10));
}

#[tokio::test]
async fn a_stream_that_is_not_new_after_all_was_a_guess_and_no_conflict() {
    let known = Known::<Rating>::default();
    assert!(known.is_guess(), "nobody has looked");
    let looked = Known::<Rating> { is_fresh: true, ..Known::default() };
    assert!(!looked.is_guess());
    let loaded = Arc::new(Loaded { revision: Revision(1), ..Loaded::default() });
    assert!(!Known::<Rating> { loaded, is_fresh: false }.is_guess(), "it was read before");
}
