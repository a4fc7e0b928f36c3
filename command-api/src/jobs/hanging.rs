//! Makers of jobs, while the store of identities hangs: nothing waits for it that need not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use http::{Request, StatusCode};
use http_kit::{Clock, EdgeOptions, access::AccessTable, edge};
use identity::{
    Authenticator, Identity, KeyPair, Realm, Verifier,
    api_keys::{ApiKey, ApiKeys, FoundKey, NewApiKey, NotCreated},
    audit::Entry,
    store::StoreError,
};
use jiff::Timestamp;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use super::makers::{editors_key, store};
use crate::{
    CommandOptions, access,
    bulk::{BULK_PATH, BulkOptions},
    routes,
    testing::{Api, FILM},
};

/// Keys whose look-ups hang, so long as that is set.
struct Hanging {
    keys: Arc<dyn ApiKeys>,
    hangs: AtomicBool,
    /// Told when one begins to hang.
    hung: Notify,
}

#[async_trait]
impl ApiKeys for Hanging {
    async fn create_key(
        &self,
        key: &NewApiKey,
        by: &Identity,
        entry: &Entry,
    ) -> Result<Result<(), NotCreated>, StoreError> {
        self.keys.create_key(key, by, entry).await
    }

    async fn keys(&self, account: Uuid) -> Result<Vec<ApiKey>, StoreError> {
        self.keys.keys(account).await
    }

    async fn revoke_key(
        &self,
        account: Uuid,
        key: Uuid,
        by: &Identity,
        now: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        self.keys.revoke_key(account, key, by, now, entry).await
    }

    async fn find_key(&self, key: Uuid) -> Result<Option<FoundKey>, StoreError> {
        if self.hangs.load(Ordering::SeqCst) {
            self.hung.notify_one();
            std::future::pending::<()>().await;
        }
        self.keys.find_key(key).await
    }

    async fn note_use(
        &self,
        key: Uuid,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.keys.note_use(key, now, since).await
    }

    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.keys.forget_keys(before, limit).await
    }
}

/// The API as it is for those who show one of these keys.
fn served(api: &Api, clock: &Clock, keys: Arc<Hanging>) -> Router {
    let realm = Realm { issuer: "test".to_owned(), audience: "cinelog".to_owned() };
    let verifier = Verifier::new(realm, KeyPair::from_seed(&[7; 32]).unwrap());
    let authenticator = Arc::new(Authenticator::new(verifier).with_api_keys(keys));
    let (router, _) = routes(api.state.clone()).split_for_parts();
    let access = Arc::new(AccessTable::new(access()).unwrap());
    edge(router, EdgeOptions::new(clock.clone(), authenticator, access)).into()
}

#[tokio::test]
async fn a_stop_does_not_wait_until_it_is_known_whether_a_maker_may_go_on() {
    // The job waits, and nobody but who asks about makers looks at it.
    let bulk = BulkOptions { jobs_at_once: 0, ..BulkOptions::default() };
    let api = Api::with_options(CommandOptions { bulk, ..CommandOptions::default() }).await;
    let clock = Clock::fixed(api.now());
    let ports = store(&api).await;
    let key = editors_key(&ports, api.now()).await;
    let hangs = AtomicBool::new(false);
    let keys = Arc::new(Hanging { keys: ports.api_keys, hangs, hung: Notify::new() });
    let request = Request::post(BULK_PATH)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/x-ndjson")
        .header("prefer", "respond-async")
        .body(Body::from(FILM));
    let promised = served(&api, &clock, keys.clone()).oneshot(request.unwrap()).await.unwrap();
    assert_eq!(promised.status(), StatusCode::ACCEPTED);

    keys.hangs.store(true, Ordering::SeqCst);
    // Until nobody believes the key without looking it up.
    clock.advance(Duration::from_secs(60));
    let stop = CancellationToken::new();
    let running = tokio::spawn(api.state.clone().run_jobs(stop.clone()));
    keys.hung.notified().await;
    stop.cancel();
    timeout(Duration::from_secs(5), running).await.expect("it stops").unwrap();
}
