//! How new an answer is: waiting until the read model has reached a position.

use std::{sync::Arc, time::Duration};

use events::Position;
use http::{HeaderMap, HeaderName, header};
use http_kit::{FieldError, Preferences, Problem, ProblemType};
use tokio::time::{Instant, timeout_at};

use crate::{
    failure::RETRY_AFTER,
    measure::{self, Wait},
    progress::Follower,
    read::{Read, single},
    state::Shared,
    store::{Seen, Store},
};

/// On every answer: the position that it reflects.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("cinelog-position");

/// On a request: the position that the answer shall reflect at least.
pub(crate) const MIN_POSITION: HeaderName = HeaderName::from_static("cinelog-min-position");

/// How long a read waits for `Cinelog-Min-Position` where `Prefer: wait` does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// How long a read waits for the writes that this process acknowledged. Whoever wrote through it
/// mostly sees their write without asking for a position.
const OWN_WRITES_WAIT: Duration = Duration::from_millis(250);

impl Shared {
    /// What `read` gives of the read model as `request` may see it: at `Cinelog-Min-Position` or later.
    /// `read` says what it reflects, and is called again where that is not new enough.
    ///
    /// # Errors
    /// `InvalidParameter` where the header is no position; `NotCaughtUp` where the read model did not
    /// reach it in time, or what another generation had shown, or too many wait already; those of `read`.
    pub(crate) async fn fresh<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        request: &Read,
        read: impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Seen<T>, Problem> {
        if let Some(cache) = &self.cache {
            cache.follow();
        }
        let seen = self.new_enough(request, read).await?;
        self.store.shows(seen.0);
        if let Some(cache) = &self.cache {
            cache.shows(seen.0);
        }
        Ok(seen)
    }

    async fn new_enough<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        request: &Read,
        read: impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Seen<T>, Problem> {
        let asked = min_position(&request.headers)?;
        let patience = request.preferences.wait.unwrap_or(DEFAULT_WAIT).min(Preferences::WAIT_MAX);
        // What was shown before a switch of generations is not taken back by it.
        let owed = self.store.owed();
        let (wanted, patience, why) = match owed > asked {
            true => (owed, patience.max(DEFAULT_WAIT), "was shown before"),
            false => (asked, patience, "was asked for"),
        };
        // First followed, then looked: a change in between is not missed.
        let mut follower = self.progress.follow();
        let needed = wanted.max(self.log.last_acknowledged());
        let (mut reached, mut seen) = self.look(needed, &read).await?;
        if reached < wanted && !patience.is_zero() {
            // Not held while waiting.
            drop(seen);
            let _place = self.waiting_room.enter(request.client).ok_or_else(|| {
                measure::waited(Wait::Refused);
                not_caught_up("Too many requests wait for a position already.".to_owned())
            })?;
            let waited = self.wait(&mut follower, wanted, patience, &read).await?;
            (reached, seen) = (waited.0.position, Some(waited));
        }
        if reached < wanted {
            return Err(not_caught_up(format!(
                "The read model is at position {reached}; {wanted} {why}."
            )));
        }
        let acknowledged = self.log.last_acknowledged();
        match seen {
            Some(seen) if reached >= acknowledged => Ok(seen),
            _ => self.wait(&mut follower, acknowledged, OWN_WRITES_WAIT, &read).await,
        }
    }

    /// Looks how far the read model is, and reads at once where it is likely to be new enough: a read
    /// that shows too little is a read for nothing.
    async fn look<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        needed: Position,
        read: &impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<(Position, Option<Seen<T>>), Problem> {
        if !self.progress.has_shown(needed) {
            let reached = self.store.current().checkpoint().await?.position;
            if reached < needed {
                return Ok((reached, None));
            }
        }
        let seen = read(self.store.current()).await?;
        Ok((seen.0.position, Some(seen)))
    }

    /// The read model at `wanted` or later, or as it is when patience is at an end.
    async fn wait<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        follower: &mut Follower,
        wanted: Position,
        patience: Duration,
        read: &impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Seen<T>, Problem> {
        let deadline = Instant::now() + patience;
        loop {
            let heard = timeout_at(deadline, follower.hears_of(wanted)).await;
            // What was heard is only the reason to look: position and data come from one snapshot.
            let seen = read(self.store.current()).await?;
            let has_reached = seen.0.position >= wanted;
            if has_reached || heard.is_err() {
                measure::waited(if has_reached { Wait::Reached } else { Wait::GaveUp });
                return Ok(seen);
            }
        }
    }
}

fn not_caught_up(detail: String) -> Problem {
    Problem::new(ProblemType::NotCaughtUp).detail(detail).header(header::RETRY_AFTER, RETRY_AFTER)
}

fn min_position(headers: &HeaderMap) -> Result<Position, Problem> {
    const NAME: &str = "Cinelog-Min-Position";
    let Some(value) = single(headers, &MIN_POSITION, NAME)? else { return Ok(Position::START) };
    let position = value
        .to_str()
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok());
    position.map(Position).ok_or_else(|| {
        let detail = "must be a position, such as an earlier answer's Cinelog-Position";
        Problem::new(ProblemType::InvalidParameter).error(FieldError::header(NAME, detail))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use event_log::{Append, EventLog, Expected};
    use events::{Event, EventId, Metadata, MovieDeleted, NewEvent, StreamName};
    use http::StatusCode;
    use http_kit::ProblemType;
    use jiff::Timestamp;
    use uuid::Uuid;

    use crate::testing::{REQUESTS_MAX, ReadModel, film};

    async fn append(model: &ReadModel) {
        let movie_id = film("Ran").id;
        let event = NewEvent::encode(
            EventId(Uuid::from_u128(1)),
            &Event::from(MovieDeleted { movie_id }),
            Metadata::at(Timestamp::UNIX_EPOCH),
        );
        let stream = StreamName::movie(movie_id);
        let append = Append::new(stream, Expected::NoStream, vec![event.unwrap()]);
        model.log.append(append).await.unwrap();
    }

    #[tokio::test]
    async fn a_read_waits_for_the_position_it_asks_for() {
        let model = Arc::new(ReadModel::new().await);
        let asked = tokio::spawn({
            let model = Arc::clone(&model);
            async move { model.ask("GET", "/v1/movies", &[("cinelog-min-position", "5")]).await }
        });
        while model.shared().waiting_room.len() == 0 {
            tokio::task::yield_now().await;
        }
        model.reach(4).await;
        model.put_film(&film("Ran")).await;
        model.reach(5).await;
        let answer = asked.await.unwrap();
        assert_eq!(answer.titles(), ["Ran"]);
        assert_eq!(answer.header("cinelog-position"), "5");
    }

    #[tokio::test]
    async fn a_read_that_will_not_wait_long_enough_is_refused() {
        let model = ReadModel::new().await;
        let headers = [("cinelog-min-position", "5"), ("prefer", "wait=0")];
        let answer = model.ask("GET", "/v1/movies", &headers).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.problem.unwrap().problem_type(), ProblemType::NotCaughtUp);
    }

    #[tokio::test]
    async fn a_read_that_finds_the_waiting_room_full_is_refused_at_once() {
        let model = ReadModel::new().await;
        let room = &model.shared().waiting_room;
        let everybody: Vec<_> = (0..=255)
            .flat_map(|number| room.enter(std::net::Ipv4Addr::new(192, 0, 2, number).into()))
            .collect();
        assert!(everybody.len() < REQUESTS_MAX / 2);
        let headers = [("cinelog-min-position", "18446744073709551615"), ("prefer", "wait=30")];
        let answer = model.ask("GET", "/v1/movies", &headers).await;
        let problem = answer.problem.unwrap();
        assert_eq!(problem.problem_type(), ProblemType::NotCaughtUp);
        assert_eq!(problem.headers()["retry-after"], "1");
        assert_eq!(model.get("/v1/movies").await.status, StatusCode::OK);
        drop(everybody);
    }

    #[tokio::test]
    async fn what_was_shown_before_another_generation_took_over_is_waited_for() {
        let model = Arc::new(ReadModel::new().await);
        model.reach(5).await;
        assert_eq!(model.get("/v1/movies").await.header("cinelog-position"), "5");
        model.run("UPDATE checkpoint SET position = 3").await;
        model.rebuild().await;
        let asked = tokio::spawn({
            let model = Arc::clone(&model);
            // That is about the position that is asked for.
            let headers = [("cinelog-min-position", "1"), ("prefer", "wait=0")];
            async move { model.ask("GET", "/v1/movies", &headers).await }
        });
        while model.shared().waiting_room.len() == 0 {
            tokio::task::yield_now().await;
        }
        model.reach(5).await;
        assert_eq!(asked.await.unwrap().header("cinelog-position"), "5");
        // From then on it is as far as it is, as a store that was restored.
        model.run("UPDATE checkpoint SET position = 2").await;
        assert_eq!(model.get("/v1/movies").await.header("cinelog-position"), "2");
    }

    #[tokio::test]
    async fn those_who_wait_keep_no_connection_from_others() {
        let model = Arc::new(ReadModel::new().await);
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                let model = Arc::clone(&model);
                tokio::spawn(async move {
                    model.ask("GET", "/v1/movies", &[("cinelog-min-position", "5")]).await
                })
            })
            .collect();
        while model.shared().waiting_room.len() < waiting.len() {
            tokio::task::yield_now().await;
        }
        assert_eq!(model.get("/v1/movies").await.status, StatusCode::OK);
        model.reach(5).await;
        for answer in waiting {
            assert_eq!(answer.await.unwrap().header("cinelog-position"), "5");
        }
        assert_eq!(model.shared().waiting_room.len(), 0);
    }

    #[tokio::test]
    async fn a_position_that_was_reached_long_ago_takes_no_waiting() {
        let model = ReadModel::new().await;
        model.reach(9).await;
        let headers = [("cinelog-min-position", "5"), ("prefer", "wait=3")];
        let answer = model.ask("GET", "/v1/movies", &headers).await;
        assert_eq!(answer.header("cinelog-position"), "9");
        assert_eq!(answer.header("preference-applied"), "wait=3");
    }

    #[tokio::test]
    async fn a_position_that_is_none_is_refused() {
        let model = ReadModel::new().await;
        for position in ["", "-1", "soon", "99999999999999999999999"] {
            let answer =
                model.ask("GET", "/v1/movies", &[("cinelog-min-position", position)]).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{position:?}");
        }
    }

    #[tokio::test]
    async fn two_positions_are_refused_even_where_they_are_the_same() {
        let model = ReadModel::new().await;
        let twice = [("cinelog-min-position", "0"), ("cinelog-min-position", "0")];
        let problem = model.ask("GET", "/v1/movies", &twice).await.problem.unwrap();
        let error = http_kit::FieldError::header("Cinelog-Min-Position", "must be given once");
        assert_eq!(problem.field_errors(), [error]);
    }

    #[tokio::test]
    async fn a_read_waits_a_little_for_what_was_written_here_and_then_answers_anyway() {
        let model = ReadModel::new().await;
        append(&model).await;
        let late = model.get("/v1/movies").await;
        assert_eq!((late.status, late.header("cinelog-position")), (StatusCode::OK, "0"));
        model.reach(1).await;
        assert_eq!(model.get("/v1/movies").await.header("cinelog-position"), "1");
    }
}
