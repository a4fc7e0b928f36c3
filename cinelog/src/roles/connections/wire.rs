//! The bytes of a connection on their way to and from hyper: heads go on when they are whole and can be read
//! without doubt, and a client that keeps the server waiting for too long is given up.
//!
//! Time counts only while the client is waited for. The time that a handler takes, or that nobody asks for more
//! of a body, is not the client's.

mod alarm;
mod lingering;

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_kit::Unreadable;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use self::{alarm::Alarm, lingering::Lingering};
use super::{
    Patience,
    credit::Credit,
    framing::Framing,
    state::{State, Wait},
};

/// What hyper reads in place of a request that cannot be read. Whoever answers it knows which it is.
const STAND_IN: &[u8] = b"GET /unreadable HTTP/1.1\r\nHost: unreadable\r\n\r\n";

/// How many bytes are read at once where a head came in pieces.
const PIECE_BYTES: usize = 4096;

/// Who sends or takes less at once, or less than a head, has not moved on: of two who wait, the one who drips is
/// not the newer one.
const STEP_BYTES: usize = 512;

/// A connection with its bytes looked at.
pub(super) struct Wire<T> {
    io: T,
    framing: Framing,
    /// The beginning of a head.
    kept: Vec<u8>,
    /// How much of `given` hyper has had.
    given_to: usize,
    /// What hyper gets before anything is read.
    given: Vec<u8>,
    /// Heads that hyper got.
    heads: u64,
    is_refused: bool,
    patience: Patience,
    /// Since when the head that is kept arrives, or none has begun.
    since: Option<Instant>,
    /// Whether a request was under way when it was last waited.
    was_busy: bool,
    sending: Credit,
    taking: Credit,
    alarms: [Alarm; 2],
    lingering: Lingering,
    state: Arc<State>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    pub(super) fn new(io: T, patience: Patience, state: Arc<State>) -> Self {
        Self {
            io,
            framing: Framing::default(),
            kept: Vec::new(),
            given_to: 0,
            given: Vec::new(),
            heads: 0,
            is_refused: false,
            patience,
            since: None,
            was_busy: false,
            sending: Credit::new(patience.sending),
            taking: Credit::new(patience.taking),
            alarms: Default::default(),
            lingering: Lingering::default(),
            state,
        }
    }

    /// Reads into `buf` what hyper may have of it, where no head has begun; gives how many bytes came.
    fn read_through(
        &mut self,
        buf: &mut ReadBuf<'_>,
        task: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(task, buf))?;
        let came = &buf.filled()[before..];
        let bytes = came.len();
        let found = self.framing.follow(came);
        self.kept.extend_from_slice(&came[found.whole..]);
        buf.set_filled(before + found.whole);
        self.note(found.heads, found.refused);
        Poll::Ready(Ok(bytes))
    }

    /// Reads more of a head that has begun.
    fn read_on(&mut self, task: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::uninit(); PIECE_BYTES];
        let mut piece = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(task, &mut piece))?;
        let bytes = piece.filled().len();
        self.kept.extend_from_slice(piece.filled());
        let found = self.framing.follow(&self.kept);
        let rest = self.kept.split_off(found.whole);
        self.given = std::mem::replace(&mut self.kept, rest);
        self.given_to = 0;
        self.note(found.heads, found.refused);
        Poll::Ready(Ok(bytes))
    }

    fn note(&mut self, heads: u64, refused: Option<Unreadable>) {
        self.state.came(self.framing.is_in_body());
        self.heads += heads;
        if heads > 0 {
            self.since = None;
            self.sending.renew();
        }
        if let Some(why) = refused {
            self.refuse(why);
        }
    }

    /// Nothing more is read. After what it has, hyper gets a request that stands for the one that cannot be.
    fn refuse(&mut self, why: Unreadable) {
        self.state.refuse(self.heads, why);
        self.is_refused = true;
        self.kept = Vec::new();
        self.given.extend_from_slice(STAND_IN);
    }

    /// Gives hyper what there is for it.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let rest = &self.given[self.given_to..];
        let bytes = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..bytes]);
        self.given_to += bytes;
        if self.given_to == self.given.len() {
            (self.given, self.given_to) = (Vec::new(), 0);
        }
    }

    /// The client sends nothing at the moment. Ready where it has been waited for long enough; gives whether
    /// there is something to say.
    fn wait_for_more(&mut self, task: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let is_in_body = self.framing.is_in_body();
        let is_busy = self.state.is_busy();
        if is_in_body || !is_busy {
            self.state.waits(Wait::Sending);
        }
        loop {
            let at = match is_in_body {
                true => match self.sending.wait() {
                    Some(at) => at,
                    None => return Poll::Pending,
                },
                false => *self.since.get_or_insert_with(Instant::now) + self.head_patience(),
            };
            self.was_busy |= is_busy;
            if !self.alarms[Wait::Sending as usize].poll(at, task) {
                return Poll::Pending;
            }
            if is_in_body {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            // A request was under way all the time, or for some of it: the next one had no time yet.
            if std::mem::take(&mut self.was_busy) {
                self.since = None;
                continue;
            }
            return Poll::Ready(Ok(!self.kept.is_empty()));
        }
    }

    fn head_patience(&self) -> Duration {
        match self.kept.is_empty() && self.heads > 0 {
            true => self.patience.keep_alive,
            false => self.patience.head,
        }
    }

    /// The client takes nothing at the moment, or took so much.
    fn written<R>(
        &mut self,
        written: Poll<io::Result<R>>,
        bytes: impl Fn(&R) -> usize,
        task: &mut Context<'_>,
    ) -> Poll<io::Result<R>> {
        match &written {
            Poll::Ready(Ok(result)) => {
                self.taking.earn(bytes(result));
                if bytes(result) >= STEP_BYTES {
                    self.state.goes_on(Wait::Taking);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                self.state.waits(Wait::Taking);
                let until = self.taking.wait();
                let alarm = &mut self.alarms[Wait::Taking as usize];
                if until.is_some_and(|at| alarm.poll(at, task)) {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        written
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            if !this.given.is_empty() {
                this.give(buf);
                return Poll::Ready(Ok(()));
            }
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            if this.is_refused {
                return Poll::Pending;
            }
            let (is_in_body, had_none) = (this.framing.is_in_body(), this.kept.is_empty());
            let read = match this.kept.is_empty() {
                true => this.read_through(buf, task),
                false => this.read_on(task),
            };
            match read {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(bytes)) => {
                    if is_in_body {
                        this.sending.earn(bytes);
                    }
                    if had_none && !this.kept.is_empty() {
                        this.since = Some(Instant::now());
                    }
                    if this.kept.is_empty() && (!is_in_body || bytes >= STEP_BYTES) {
                        this.state.goes_on(Wait::Sending);
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => match ready!(this.wait_for_more(task))? {
                    true => this.refuse(Unreadable::TooSlow),
                    false => return Poll::Ready(Ok(())),
                },
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(task, bytes);
        this.written(written, |bytes| *bytes, task)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(task, slices);
        this.written(written, |bytes| *bytes, task)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(task);
        if flushed.is_ready() {
            this.state.goes_on(Wait::Taking);
        }
        this.written(flushed, |()| 0, task)
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.lingering.has_begun() {
            ready!(Pin::new(&mut this.io).poll_shutdown(task))?;
            if !this.is_refused && !this.framing.is_in_body() {
                return Poll::Ready(Ok(()));
            }
        }
        this.lingering.poll(&mut this.io, task).map(Ok)
    }
}
