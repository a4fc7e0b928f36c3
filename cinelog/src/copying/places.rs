//! Where events stand: as the how manieth, and at which position. The two are the same in a log whose
//! positions have no gaps; in others the digest, which counts, is asked.

use event_log::{CopyableLog, LogError};
use events::Position;

use super::CopyError;

/// Where the events of two logs stand that hold the same.
pub(super) struct Places<'a> {
    from: &'a dyn CopyableLog,
    to: &'a dyn CopyableLog,
    /// Whether an event may have another position in the one than in the other.
    may_differ: bool,
}

impl<'a> Places<'a> {
    /// Those of two logs whose first `count` events are the same.
    pub(super) async fn of(
        from: &'a dyn CopyableLog,
        to: &'a dyn CopyableLog,
        count: u64,
    ) -> Result<Self, CopyError> {
        let there = position_of(from, count).await.map_err(CopyError::Source)?;
        let here = position_of(to, count).await.map_err(CopyError::Target)?;
        // Positions that begin at 1 and have come to their count have no gaps.
        let may_differ = there.0 != count || here.0 != count;
        Ok(Self { from, to, may_differ })
    }

    pub(super) fn are_renumbered(&self) -> bool {
        self.may_differ
    }

    /// The position in the target of what is at `position` in the source.
    pub(super) async fn in_target(&self, position: Position) -> Result<Position, CopyError> {
        if !self.may_differ {
            return Ok(position);
        }
        let count = self.from.digest(position).await.map_err(CopyError::Source)?.count;
        self.target_position(count).await
    }

    /// The position of the target's `count`th event.
    pub(super) async fn target_position(&self, count: u64) -> Result<Position, CopyError> {
        match self.may_differ {
            false => Ok(Position(count)),
            true => position_of(self.to, count).await.map_err(CopyError::Target),
        }
    }
}

/// The position of the `count`th event of a log, or of its last where it has fewer.
pub(super) async fn position_of(log: &dyn CopyableLog, count: u64) -> Result<Position, LogError> {
    let head = log.head().await?;
    // Positions begin at 1: where they have no gaps it stands there, and nowhere stands it before.
    let first = Position(count);
    if first >= head || log.digest(first).await?.count == count {
        return Ok(first.min(head));
    }
    // The first position up to which there are as many. Ends: the range is halved.
    let (mut below, mut reached) = (0, head.0);
    while reached - below > 1 {
        let middle = below + (reached - below) / 2;
        if log.digest(Position(middle)).await?.count < count {
            below = middle;
        } else {
            reached = middle;
        }
    }
    Ok(Position(reached))
}
