//! After the answer to a request that was not read to its end, what still comes is read for a while: a
//! connection that is closed with bytes unread is reset, and the answer lost.

use std::{
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    time::Instant,
};

use super::{PIECE_BYTES, alarm::Alarm};

/// For how long.
const LINGER: Duration = Duration::from_secs(1);

/// How it stands with that.
#[derive(Default)]
pub(super) struct Lingering {
    until: Option<Instant>,
    alarm: Alarm,
}

impl Lingering {
    pub(super) fn has_begun(&self) -> bool {
        self.until.is_some()
    }

    /// Ready when nothing comes any more, or it has been long enough.
    pub(super) fn poll<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        let until = *self.until.get_or_insert_with(|| Instant::now() + LINGER);
        loop {
            let mut space = [MaybeUninit::uninit(); PIECE_BYTES];
            let mut piece = ReadBuf::uninit(&mut space);
            match Pin::new(&mut *io).poll_read(task, &mut piece) {
                Poll::Ready(Ok(())) if !piece.filled().is_empty() && Instant::now() < until => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => match self.alarm.poll(until, task) {
                    true => return Poll::Ready(()),
                    false => return Poll::Pending,
                },
            }
        }
    }
}
