//! `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header-07): a request that is repeated
//! with its key has one effect, and gets the answer it got the first time.
//!
//! What was answered is kept in the log, in one transaction with the events. Refusals are not kept: a
//! repetition of a request that was refused is judged anew. Keys belong to the account that sent them.

use std::fmt::Write;

use event_log::IdempotencyEntry;
use events::AccountId;
use http::{HeaderName, request::Parts};
use http_kit::{FieldError, Problem, ProblemType};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    in_flight::Claim,
    measure,
    problem::CommandError,
    receipt::{Answer, Done},
    state::CommandState,
};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, in characters.
const KEY_CHARS_MAX: usize = 255;

/// A request that carries a key.
#[derive(Debug)]
pub(crate) struct IdempotentRequest {
    client_key: String,
    /// The key together with its account, which is what the log knows it by.
    key: String,
    /// What was asked: method and path, then the body.
    hash: Sha256,
    /// Whether it waits for one with the same key, rather than being refused.
    waits: bool,
}

impl IdempotentRequest {
    /// Reads the key of a request that `account` sent, if it has one.
    ///
    /// # Errors
    /// 400 where there are several, or one that is no key.
    pub(crate) fn of(parts: &Parts, account: AccountId) -> Result<Option<Self>, Problem> {
        let mut lines = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        let key = line.to_str().ok().filter(|_| lines.next().is_none()).and_then(parse_key);
        let Some(client_key) = key else {
            return Err(Problem::new(ProblemType::MalformedRequest).error(FieldError::header(
                "Idempotency-Key",
                "must be one key of 1 to 255 visible ASCII characters, in quotes or without",
            )));
        };
        let hash = Sha256::new()
            .chain_update(parts.method.as_str())
            .chain_update(b" ")
            .chain_update(parts.uri.path());
        let key = format!("{account}:{client_key}");
        Ok(Some(Self { key, client_key, hash, waits: false }))
    }

    /// A part of a request that has a key, under a key of its own. `what` is what `METHOD PATH` is to
    /// a whole request.
    pub(crate) fn derived(account: AccountId, key: String, what: &str) -> Self {
        let hash = Sha256::new().chain_update(what);
        Self { key: format!("{account}:{key}"), client_key: key, hash, waits: true }
    }

    /// The same with a body. Bodies that differ in spacing only are the same body.
    pub(crate) fn with_body(mut self, body: &Value) -> Self {
        self.hash.update(b"\n");
        self.hash.update(body.to_string());
        self
    }

    /// The key as the client sent it.
    pub(crate) fn client_key(&self) -> &str {
        &self.client_key
    }

    /// What the log is to remember of the request.
    pub(crate) fn entry(
        &self,
        answer: &Answer,
        recorded_at: Timestamp,
    ) -> Result<IdempotencyEntry, CommandError> {
        Ok(IdempotencyEntry {
            key: self.key.clone(),
            fingerprint: self.fingerprint(),
            answer: serde_json::to_value(answer)?,
            recorded_at,
        })
    }

    fn fingerprint(&self) -> String {
        let digest = self.hash.clone().finalize();
        digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// A key is a quoted string (RFC 8941) or, as most clients send it, the bare text.
fn parse_key(line: &str) -> Option<String> {
    let line = line.trim_matches([' ', '\t']);
    let key = match line.strip_prefix('"') {
        Some(rest) => unquote(rest)?,
        None => line.to_owned(),
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    ((1..=KEY_CHARS_MAX).contains(&key.len()) && visible).then_some(key)
}

/// What stands between the quotes, given what follows the first one. `\"` and `\\` are escapes.
fn unquote(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(key),
            '\\' => key.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            c => key.push(c),
        }
    }
}

/// Where a request with a key stands.
pub(crate) enum Standing {
    /// It is new, and this process works on it.
    New(Claim),
    /// It has been carried out.
    Repeated(Done),
}

impl CommandState {
    /// Claims the key of `request`, unless what it asks for has been done.
    pub(crate) async fn claim(
        &self,
        request: &IdempotentRequest,
    ) -> Result<Standing, CommandError> {
        // In this order: whoever held the claim before had its answer in the log when it let go.
        let claim = match request.waits {
            true => self.in_flight.claim_when_free(&request.key).await?,
            false => self.in_flight.claim(&request.key)?,
        };
        Ok(match self.recall(request).await? {
            Some(done) => Standing::Repeated(done),
            None => Standing::New(claim),
        })
    }

    /// What the log remembers of a request with this key.
    ///
    /// # Errors
    /// [`CommandError::KeyReused`] where it was another request.
    pub(crate) async fn recall(
        &self,
        request: &IdempotentRequest,
    ) -> Result<Option<Done>, CommandError> {
        let Some(remembered) = self.executor.log.recall(&request.key).await? else {
            return Ok(None);
        };
        if remembered.fingerprint != request.fingerprint() {
            return Err(CommandError::KeyReused);
        }
        measure::repeated();
        let answer: Answer = serde_json::from_value(remembered.answer)?;
        Ok(Some(Done { answer, appended: remembered.appended, repeated: true }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_is_understood_in_quotes_and_without() {
        assert_eq!(parse_key("\"8e03978e-40d5\"").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(parse_key(" 8e03978e-40d5 ").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(parse_key(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        assert!(parse_key(&"k".repeat(KEY_CHARS_MAX)).is_some());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let too_long = "k".repeat(KEY_CHARS_MAX + 1);
        for line in ["", "\"\"", "\"open", "\"a\"b", r#""a\b""#, "a b", "\"a b\"", &too_long] {
            assert_eq!(parse_key(line), None, "{line}");
        }
    }

    #[test]
    fn a_fingerprint_tells_method_path_and_body_apart() {
        let request = |method: &str, path: &str| {
            let (parts, ()) = http::Request::builder()
                .method(method)
                .uri(path)
                .header(IDEMPOTENCY_KEY, "k")
                .body(())
                .unwrap()
                .into_parts();
            IdempotentRequest::of(&parts, AccountId(uuid::Uuid::nil())).unwrap().unwrap()
        };
        let body = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let put = |json: &str| request("PUT", "/a").with_body(&body(json)).fingerprint();
        assert_eq!(put(r#"{"a": 1}"#), put(r#"{ "a":1 }"#));
        let prints = [
            put(r#"{"a": 1}"#),
            put(r#"{"a": 2}"#),
            request("PUT", "/a").fingerprint(),
            request("DELETE", "/a").fingerprint(),
            request("PUT", "/b").fingerprint(),
        ];
        let distinct: HashSet<&String> = prints.iter().collect();
        assert_eq!(distinct.len(), prints.len());
    }
}
