//! Follows one connection to Postgres, to know when a statement was carried out.

use std::collections::HashMap;

use super::frames::{Frame, Frames};

/// What a client may ask for before it says who it is: TLS and its like. The answer is one byte.
const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];

/// The statements that one connection has sent, and how many answers it waits for.
pub(super) struct Watcher {
    client: Frames,
    server: Frames,
    /// Whether the server's next byte says if it encrypts.
    awaits_one_byte: bool,
    /// What follows cannot be read.
    encrypted: bool,
    /// Prepared statements by name, and the statement that each portal runs.
    statements: HashMap<Vec<u8>, Vec<u8>>,
    portals: HashMap<Vec<u8>, Vec<u8>>,
    /// How many times the server has yet to say that it is ready.
    unanswered: u64,
    /// A message that runs the statement looked for has been seen.
    found: bool,
}

impl Watcher {
    pub(super) fn new() -> Self {
        Self {
            client: Frames::new(true),
            server: Frames::new(false),
            awaits_one_byte: false,
            encrypted: false,
            statements: HashMap::new(),
            portals: HashMap::new(),
            // It says so after the start, without being asked.
            unanswered: 1,
            found: false,
        }
    }

    /// Looks at what the client sends; says whether in it a statement with `text` is complete.
    pub(super) fn client_sends(&mut self, mut bytes: &[u8], text: Option<&[u8]>) -> bool {
        let mut complete = false;
        while !self.encrypted {
            let Some(frame) = self.client.next(&mut bytes) else { break };
            complete |= self.client_says(&frame, text);
        }
        complete
    }

    fn client_says(&mut self, frame: &Frame, text: Option<&[u8]>) -> bool {
        let contains = |statement: &[u8]| {
            text.is_some_and(|text| statement.windows(text.len()).any(|window| window == text))
        };
        let mut texts = frame.texts().map(<[u8]>::to_vec);
        let mut next = || texts.next().unwrap_or_default();
        match frame.kind {
            0 => {
                let code = frame.body.first_chunk().map(|code| u32::from_be_bytes(*code));
                let asks = code.is_some_and(|code| ENCRYPTION_REQUESTS.contains(&code));
                self.awaits_one_byte = asks;
                self.client.untyped = asks;
            }
            b'P' => {
                let (name, statement) = (next(), next());
                self.statements.insert(name, statement);
            }
            b'B' => {
                let (portal, name) = (next(), next());
                let statement = self.statements.get(&name).cloned().unwrap_or_default();
                self.portals.insert(portal, statement);
            }
            b'E' => self.found |= self.portals.get(&next()).is_some_and(|found| contains(found)),
            b'Q' => {
                self.unanswered += 1;
                self.found |= contains(&next());
                return std::mem::take(&mut self.found);
            }
            b'S' => {
                self.unanswered += 1;
                return std::mem::take(&mut self.found);
            }
            _ => {}
        }
        false
    }

    /// Looks at what the server sends; says whether with it everything is answered.
    pub(super) fn server_sends(&mut self, mut bytes: &[u8]) -> bool {
        if self.awaits_one_byte
            && let Some((answer, rest)) = bytes.split_first()
        {
            self.awaits_one_byte = false;
            self.encrypted = *answer != b'N';
            bytes = rest;
        }
        while !self.encrypted {
            let Some(frame) = self.server.next(&mut bytes) else { break };
            if frame.kind == b'Z' {
                self.unanswered = self.unanswered.saturating_sub(1);
            }
        }
        self.unanswered == 0
    }
}
