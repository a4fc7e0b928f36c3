//! Turns items of the change feed into the groups that gateways must forget.

use std::{future::pending, time::Duration};

use futures::{StreamExt, stream::BoxStream};
use http_kit::CacheGroup;
use read_model::{Checkpoint, FeedItem, ReadModelChanged};
use tokio::time::{Instant, sleep_until};

use crate::pending::{Groups, Pending};

/// The shortest time between two purges of everything. A feed that cannot be reached says several times a
/// second that it may have missed something, and the gateways should not be empty all that time.
pub(crate) const ALL_EVERY: Duration = Duration::from_secs(1);

/// What is known of the feed.
#[derive(Default)]
struct Followed {
    /// The checkpoint that the last change led to. `None`: none came yet, or something was missed since.
    reached: Option<Checkpoint>,
}

impl Followed {
    /// The groups that an item makes stale.
    fn hear(
        &mut self,
        item: &FeedItem,
        groups: fn(&ReadModelChanged) -> Vec<CacheGroup>,
    ) -> Groups {
        let FeedItem::Changed(change) = item else {
            self.reached = None;
            return Groups::All;
        };
        let reached = self.reached.replace(change.checkpoint);
        // If there is none before, everything was purged already: at the start, or when something was missed.
        let leads_on = reached.is_none_or(|reached| reached == change.previous);
        let is_of_one = change.previous.generation == change.checkpoint.generation;
        // If parked events have been folded in, more may differ than the change names.
        let stands_still = change.previous.position == change.checkpoint.position;
        match leads_on && is_of_one && !stands_still {
            true => Groups::of(groups(change)),
            false => Groups::All,
        }
    }
}

/// Tells all gateways what to forget: first everything, then what changes.
pub(crate) async fn follow(
    mut changes: BoxStream<'static, FeedItem>,
    groups: fn(&ReadModelChanged) -> Vec<CacheGroup>,
    gateways: &[Pending],
) {
    let tell_all = |groups: &Groups| gateways.iter().for_each(|each| each.add(groups.clone()));
    let mut followed = Followed::default();
    tell_all(&Groups::All);
    // When everything may be purged again, and whether it has to be then.
    let (mut next_all, mut is_owed) = (Instant::now() + ALL_EVERY, false);
    loop {
        let due = async {
            match is_owed {
                true => sleep_until(next_all).await,
                false => pending().await,
            }
        };
        let said = tokio::select! {
            item = changes.next() => match item {
                Some(item) => followed.hear(&item, groups),
                // The feed has ended, so the process is about to end too.
                None => pending().await,
            },
            () = due => Groups::All,
        };
        match said {
            Groups::All if Instant::now() < next_all => is_owed = true,
            Groups::All => {
                tell_all(&Groups::All);
                (next_all, is_owed) = (Instant::now() + ALL_EVERY, false);
            }
            some => tell_all(&some),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use events::{MovieId, Position};
    use futures::{channel::mpsc, stream};
    use uuid::Uuid;

    use super::*;

    fn films(change: &ReadModelChanged) -> Vec<CacheGroup> {
        change.movies.iter().map(|id| CacheGroup::one(id.0)).collect()
    }

    /// A change from one position to another that concerns this film.
    fn change(generation: u64, from: u64, to: u64, film: u128) -> FeedItem {
        let at = |position| Checkpoint { generation, position: Position(position) };
        FeedItem::Changed(Arc::new(ReadModelChanged {
            previous: at(from),
            checkpoint: at(to),
            movies: vec![MovieId(Uuid::from_u128(film))],
            facets: Vec::new(),
            traceparent: None,
        }))
    }

    fn film(number: u128) -> Groups {
        Groups::of([CacheGroup::one(Uuid::from_u128(number))])
    }

    /// What one gateway is told of these items, one after another.
    fn told(items: &[FeedItem]) -> Vec<Groups> {
        let mut followed = Followed::default();
        items.iter().map(|item| followed.hear(item, films)).collect()
    }

    #[test]
    fn changes_that_lead_on_are_forgotten_by_name() {
        let items = [change(1, 4, 5, 1), change(1, 5, 9, 2)];
        assert_eq!(told(&items), [film(1), film(2)]);
    }

    #[test]
    fn where_something_may_have_been_missed_everything_is_forgotten() {
        let gap = [change(1, 4, 5, 1), change(1, 6, 7, 2), change(1, 7, 8, 3)];
        assert_eq!(told(&gap), [film(1), Groups::All, film(3)]);
        let missed = [change(1, 4, 5, 1), FeedItem::Missed, change(1, 9, 10, 2)];
        assert_eq!(told(&missed), [film(1), Groups::All, film(2)]);
    }

    #[test]
    fn another_generation_and_what_was_folded_in_late_make_everything_be_forgotten() {
        let switch = [change(1, 4, 5, 1), change(2, 5, 6, 2)];
        assert_eq!(told(&switch), [film(1), Groups::All]);
        let late = [change(1, 4, 5, 1), change(1, 5, 5, 2)];
        assert_eq!(told(&late), [film(1), Groups::All]);
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_forgotten_at_the_start_and_seldom_after_that() {
        let gateway = Pending::default();
        let (feed, changes) = mpsc::unbounded();
        let changes = changes.chain(stream::pending()).boxed();
        let gateways = [gateway.clone()];
        let _following = tokio::spawn(async move { follow(changes, films, &gateways).await });
        assert_eq!(gateway.take().await.0, Groups::All);
        let began = Instant::now();
        for _ in 0..10 {
            feed.unbounded_send(FeedItem::Missed).unwrap();
        }
        feed.unbounded_send(change(1, 1, 2, 7)).unwrap();
        assert_eq!(gateway.take().await.0, film(7));
        assert_eq!(began.elapsed(), Duration::ZERO, "what is named does not wait");
        assert_eq!(gateway.take().await.0, Groups::All);
        assert_eq!(began.elapsed(), ALL_EVERY, "what was missed is made up for, once");
        assert_eq!(gateway.count(), 0);
    }
}
