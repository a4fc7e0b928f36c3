//! The keys that a node has looked up lately, so that one that comes with every request is not looked up with
//! every request.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use moka::sync::Cache;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use uuid::Uuid;

use super::{ApiKeys, FoundKey, PREFIX};
use crate::{
    Credential, Identity, Role, Scope, Scopes, TokenError,
    opaque::{Hash, Opaque},
    revocations::RevocationList,
    store::StoreError,
};

/// How many keys are kept in mind, those that are used least going first.
const KEYS_MAX: u64 = 10_000;

/// How long a key is believed before it is looked up again, whatever was revoked.
const BELIEVED: Duration = Duration::from_secs(30);

/// How many keys are looked up at once, of those that have been right before and of all others. Anybody can make
/// up a key that looks whole: who does must leave the store to log-ins, and others to those who have a key.
const LOOK_UPS: usize = 1;

/// How many wait for that. A look-up takes a millisecond or so.
const WAITING_MAX: usize = 512;

/// How long they wait. While the store hangs, each look-up takes as long as the store is patient: who stands
/// behind is told so instead of waiting for all of those.
const PATIENCE: Duration = Duration::from_secs(2);

/// How exactly is noted when a key was last used: that is one write for each key in this time.
const USE_NOTED_EVERY: Duration = Duration::from_secs(300);

/// Says who a key speaks for.
pub(crate) struct KnownKeys {
    port: Arc<dyn ApiKeys>,
    known: Cache<Hash, Known>,
    /// Look-ups of keys that have been right before.
    friends: Line,
    /// Look-ups of all others.
    strangers: Line,
}

/// A line of those who want to look up a key.
struct Line {
    at_once: Semaphore,
    /// Places for those who wait, and for those who do not any more.
    places: Semaphore,
}

impl Default for Line {
    fn default() -> Self {
        Self { at_once: Semaphore::new(LOOK_UPS), places: Semaphore::new(WAITING_MAX + LOOK_UPS) }
    }
}

impl Line {
    /// Waits for one's turn, for [`PATIENCE`] at most.
    async fn turn(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), TokenError> {
        let place = self.places.try_acquire().map_err(|_| TokenError::Busy)?;
        let turn = timeout(PATIENCE, self.at_once.acquire()).await;
        let turn = turn.map_err(|_| TokenError::Busy)?.map_err(|_| TokenError::Busy)?;
        Ok((place, turn))
    }
}

/// A key that was right.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: Uuid,
    found: FoundKey,
    read_at: Timestamp,
    /// How far the node had heard of revocations before it read.
    seq: u64,
}

impl std::fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownKeys").field("known", &self.known.entry_count()).finish()
    }
}

impl KnownKeys {
    pub(crate) fn new(port: Arc<dyn ApiKeys>) -> Self {
        let (friends, strangers) = (Line::default(), Line::default());
        Self { port, known: Cache::new(KEYS_MAX), friends, strangers }
    }

    /// Whether a credential is a key that has never been right here, so that the store must be asked.
    pub(crate) fn is_strange(&self, credential: &str) -> bool {
        let key = Opaque::read(PREFIX, credential);
        key.is_ok_and(|key| !self.known.contains_key(&key.hash(PREFIX)))
    }

    /// Whether a credential looks like a key.
    pub(crate) fn is_one(credential: &str) -> bool {
        credential.starts_with(PREFIX)
    }

    /// Who a key speaks for.
    pub(crate) async fn identify(
        &self,
        key: &str,
        revocations: &RevocationList,
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        let key = Opaque::read(PREFIX, key).map_err(|_| TokenError::KeyMalformed)?;
        let hash = key.hash(PREFIX);
        let is_fresh = |known: &Known| {
            let age = now.duration_since(known.read_at).unsigned_abs();
            age < BELIEVED && revocations.seq_of_account(known.found.account) <= known.seq
        };
        let before = self.known.get(&hash);
        let line = if before.is_some() { &self.friends } else { &self.strangers };
        let known = match before.filter(is_fresh) {
            Some(known) => known,
            None => {
                let _turn = line.turn().await?;
                // Whoever stood in front may have shown the same key.
                match self.known.get(&hash).filter(is_fresh) {
                    Some(known) => known,
                    None => self.look_up(key.id, hash, revocations.seq(), now).await?,
                }
            }
        };
        let identity = known.identity(now)?;
        revocations.check(&identity, now).map_err(|_| TokenError::UnknownKey)?;
        Ok(identity)
    }

    /// Who a key speaks for that was believed before, by its id: the key itself is not there any more.
    pub(crate) async fn recall(
        &self,
        id: Uuid,
        revocations: &RevocationList,
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        let _turn = self.friends.turn().await?;
        let seq = revocations.seq();
        let found = self.port.find_key(id).await.map_err(unavailable)?;
        let found = found.ok_or(TokenError::UnknownKey)?;
        let identity = Known { id, found, read_at: now, seq }.identity(now)?;
        revocations.check(&identity, now).map_err(|_| TokenError::UnknownKey)?;
        Ok(identity)
    }

    async fn look_up(
        &self,
        id: Uuid,
        hash: Hash,
        seq: u64,
        now: Timestamp,
    ) -> Result<Known, TokenError> {
        let found = self.port.find_key(id).await.map_err(unavailable)?;
        // Hashes of 256 random bits: how long comparing them takes says nothing of use.
        let found = found.filter(|found| found.hash == hash).ok_or_else(|| {
            self.known.invalidate(&hash);
            TokenError::UnknownKey
        })?;
        let known = Known { id, found, read_at: now, seq };
        self.known.insert(hash, known);
        let since = now.saturating_sub(USE_NOTED_EVERY).unwrap_or(Timestamp::MIN);
        if found.used_at.is_none_or(|used_at| used_at <= since)
            && let Err(error) = self.port.note_use(id, now, since).await
        {
            tracing::warn!(%error, key = %id, "when a key was used could not be noted");
        }
        Ok(known)
    }
}

impl Known {
    fn identity(&self, now: Timestamp) -> Result<Identity, TokenError> {
        let FoundKey { account, role, may, scopes, expires_at, .. } = self.found;
        if !may {
            return Err(TokenError::AccountRefused);
        }
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(TokenError::ExpiredKey);
        }
        let credential = Credential::ApiKey { id: self.id };
        Ok(Identity { account, role, scopes: good_for(scopes, role), credential })
    }
}

fn unavailable(error: StoreError) -> TokenError {
    TokenError::Unavailable(error.to_string())
}

/// What a key is good for: never more than its owner may do now, and never the account itself.
fn good_for(scopes: Scopes, role: Role) -> Scopes {
    scopes.and(Scopes::of(role)).without(Scope::Account)
}

#[cfg(test)]
mod tests {
    use std::{
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use tokio::{task::JoinSet, time::Instant};

    use super::*;
    use crate::{
        api_keys::ApiKeySecret,
        store::{SqlStore as _, SqliteIdentity, SqliteIdentityOptions},
    };

    fn now<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_wait_for_a_look_up_and_no_more() {
        let line = Line::default();
        let Poll::Ready(first) = now(pin!(line.turn())) else { panic!("nobody is there yet") };
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(line.turn())).collect();
        assert!(waiting.iter_mut().all(|turn| now(turn.as_mut()).is_pending()));
        assert!(matches!(now(pin!(line.turn())), Poll::Ready(Err(TokenError::Busy))));
        drop(first);
        assert!(matches!(now(waiting[0].as_mut()), Poll::Ready(Ok(_))), "the next has its turn");
        assert!(now(pin!(line.turn())).is_pending(), "and there is room to wait");
    }

    #[tokio::test]
    async fn while_the_store_hangs_nobody_waits_for_those_in_front() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteIdentityOptions::at(folder.path().join("identity.db"));
        let options = SqliteIdentityOptions { readers: 1, ..options };
        let patience = options.patience;
        let store = Arc::new(SqliteIdentity::open(options).await.unwrap());
        let keys = Arc::new(KnownKeys::new(store.clone()));
        let reader = store.reader().await.unwrap();
        // No look-up gets on from here.
        tokio::time::pause();
        let (began, mut callers) = (Instant::now(), JoinSet::new());
        for number in 0..10 {
            let keys = keys.clone();
            let key = ApiKeySecret::new(Uuid::from_u128(number), [7; 32]).reveal();
            callers.spawn(async move {
                let list = RevocationList::default();
                let refused = keys.identify(&key, &list, Timestamp::UNIX_EPOCH).await.unwrap_err();
                (refused, began.elapsed())
            });
        }
        let told = callers.join_all().await;
        let (busy, others): (Vec<_>, Vec<_>) =
            told.into_iter().partition(|(refused, _)| *refused == TokenError::Busy);
        assert_eq!(busy.len(), 9, "{others:?}");
        assert!(busy.iter().all(|(_, after)| *after < PATIENCE * 2), "{busy:?}");
        let [(TokenError::Unavailable(_), after)] = &others[..] else { panic!("{others:?}") };
        assert!(*after < patience * 2, "{after:?}");

        tokio::time::resume();
        drop(reader);
        let unknown = ApiKeySecret::new(Uuid::nil(), [7; 32]).reveal();
        let found =
            keys.identify(&unknown, &RevocationList::default(), Timestamp::UNIX_EPOCH).await;
        assert_eq!(found.unwrap_err(), TokenError::UnknownKey, "the line goes on");
    }
}
