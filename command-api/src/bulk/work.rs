//! Lines under way: read while there is room, worked on at the same time, answered in order.

use std::{collections::VecDeque, sync::Arc};

use events::MovieId;
use http::{HeaderValue, header};
use http_kit::{JsonBody, Problem, ProblemType, access::Standing};
use tokio::{
    sync::OwnedSemaphorePermit,
    task::{JoinError, JoinHandle},
};
use tokio_util::sync::CancellationToken;

use super::{
    End, LINE_BYTES_MAX, LineResult, Lines, Memory, Order, Sender,
    lanes::{Lanes, Turn},
    lines::Line,
};
use crate::{
    measure::{self, LineOutcome},
    state::CommandState,
};

/// The work on the lines of one input.
///
/// Lines that have been begun are finished, also where this is dropped: each in a task of its own, so
/// that nothing they hold waits for somebody who does not take their results.
pub(crate) struct Work {
    state: CommandState,
    sender: Arc<Sender>,
    /// Whether the sender may still do this, where that can be asked.
    standing: Option<Standing>,
    lines: Lines,
    /// A line that waits for room in memory.
    waiting: Option<Line>,
    under_way: VecDeque<UnderWay>,
    lanes: Lanes,
    stop: CancellationToken,
    end: Option<End>,
}

/// A line that has been begun.
struct UnderWay {
    line: u64,
    task: JoinHandle<LineResult>,
}

impl Work {
    /// The work on `lines`. No more are begun after `stop`, or once `standing` is lost.
    pub(crate) fn new(
        state: CommandState,
        sender: Sender,
        standing: Option<Standing>,
        lines: Lines,
        stop: CancellationToken,
    ) -> Self {
        Self {
            state,
            sender: Arc::new(sender),
            standing,
            lines,
            waiting: None,
            under_way: VecDeque::new(),
            lanes: Lanes::default(),
            stop,
            end: None,
        }
    }

    /// The next result, in the order of the lines; `None` after the last. Dropping the future loses
    /// nothing.
    pub(crate) async fn next(&mut self) -> Option<LineResult> {
        loop {
            let has_room =
                self.end.is_none() && self.under_way.len() < self.state.bulk.lines_at_once;
            tokio::select! {
                biased;
                Some(done) = first_done(&mut self.under_way) => return Some(self.finish(done)),
                () = self.stop.cancelled(), if self.end.is_none() => self.end = Some(End::Stopped),
                line = admit(
                    &mut self.lines,
                    &mut self.waiting,
                    &self.state.memory,
                    self.standing.as_ref(),
                ), if has_room => {
                    match line {
                        Ok((line, room)) => self.begin(line, room),
                        Err(end) => self.end = Some(end),
                    }
                }
                else => return None,
            }
        }
    }

    /// Lets a client that was not read to its end send the rest, within bounds, unread.
    pub(crate) async fn let_finish_sending(&mut self) {
        self.lines.pass_over_rest().await;
    }

    /// Why there are no more results. [`End::Whole`] as long as there are.
    pub(crate) fn end(&self) -> &End {
        self.end.as_ref().unwrap_or(&End::Whole)
    }

    /// What is to be said after the last result, where the work ended before the input.
    pub(crate) fn last_word(&self) -> Option<LineResult> {
        let unavailable = |detail: &str| {
            let retry_after = HeaderValue::from_static("1");
            Problem::new(ProblemType::Unavailable)
                .detail(detail)
                .header(header::RETRY_AFTER, retry_after)
        };
        let too_large = |what: &str, max: u64| {
            Problem::new(ProblemType::PayloadTooLarge)
                .detail(format!("This line and all after it were not read: {max} {what} at most."))
        };
        let problem = match self.end() {
            End::Whole | End::Broken(_) => return None,
            End::Idle(time) => Problem::new(ProblemType::RequestTimeout).detail(format!(
                "Nothing came for {} s. Nothing after this was read.",
                time.as_secs()
            )),
            End::TooManyLines(max) => too_large("lines", *max),
            End::TooManyBytes(max) => too_large("bytes", *max),
            End::Stopped => unavailable("The server is stopping. Nothing after this was read."),
            End::Refused => self.refusal()?,
        };
        let line = self.waiting.as_ref().map_or(self.lines.reached(), |line| line.number);
        Some(LineResult::of(&self.sender, line, Err(problem)))
    }

    /// Why the sender may not do this any more, where that has ended the work.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        self.standing.as_ref().and_then(Standing::refusal)
    }

    fn finish(&self, Finished { line, result }: Finished) -> LineResult {
        let result = result.unwrap_or_else(|error| {
            LineResult::of(&self.sender, line, Err(Problem::internal(error)))
        });
        let outcome = match () {
            () if result.is_success() => LineOutcome::Succeeded,
            () if result.is_unavailable() => LineOutcome::Unavailable,
            () => LineOutcome::Refused,
        };
        measure::line(outcome);
        result
    }

    fn begin(&mut self, Line { number, text }: Line, room: OwnedSemaphorePermit) {
        let (state, sender) = (self.state.clone(), Arc::clone(&self.sender));
        let circumstances = sender.circumstances(number);
        let order = text.ok_or_else(too_long).and_then(|text| {
            let body = JsonBody::parse(&text)?.0;
            let circumstances = circumstances.with_body(&body);
            let order = Order::read(body, || MovieId(state.executor.clock.new_id()))?;
            Ok((circumstances.expecting(order.expected_version), order))
        });
        let movie = order.as_ref().ok().and_then(|(_, order)| order.movie);
        let turn = movie.map(|movie| self.lanes.line_up(movie));
        let task = tokio::spawn(async move {
            let _room = room;
            let outcome = match order {
                Ok((circumstances, order)) => {
                    let mut turn: Option<Turn> = turn;
                    if let Some(turn) = &mut turn {
                        turn.come().await;
                    }
                    state.ask_of_movie(circumstances, order.request).await
                }
                Err(problem) => Err(problem),
            };
            LineResult::of(&sender, number, outcome)
        });
        self.under_way.push_back(UnderWay { line: number, task });
    }
}

/// A line that is done.
struct Finished {
    line: u64,
    result: Result<LineResult, JoinError>,
}

/// Waits for the first of the lines under way. `None` where there are none.
async fn first_done(under_way: &mut VecDeque<UnderWay>) -> Option<Finished> {
    let UnderWay { line, task } = under_way.front_mut()?;
    let done = Finished { line: *line, result: task.await };
    under_way.pop_front();
    Some(done)
}

/// Reads the next line, waits for room for it, and looks whether its sender may still do this.
async fn admit(
    lines: &mut Lines,
    waiting: &mut Option<Line>,
    memory: &Memory,
    standing: Option<&Standing>,
) -> Result<(Line, OwnedSemaphorePermit), End> {
    let line = match waiting.take() {
        Some(line) => line,
        // An input breaks off too where its sender may not do this any more.
        None => match (lines.next().await, standing.and_then(Standing::refusal)) {
            (Err(End::Broken(_)), Some(_)) => return Err(End::Refused),
            (line, _) => line?,
        },
    };
    let bytes = line.text.as_ref().map_or(0, bytes::Bytes::len);
    *waiting = Some(line);
    let room = memory.room_for(bytes).await.ok_or(End::Stopped)?;
    if let Some(standing) = standing {
        standing.may_go_on().await.map_err(|_| End::Refused)?;
    }
    waiting.take().map(|line| (line, room)).ok_or(End::Stopped)
}

fn too_long() -> Problem {
    Problem::new(ProblemType::PayloadTooLarge)
        .detail(format!("A line may have {LINE_BYTES_MAX} bytes at most."))
}
