//! Mails to people: what is written in them, and how they are sent.
//!
//! Nobody waits for a mail: it is handed in at the [`Post`], which has a bounded queue, and a [`Postman`] takes
//! it from there, a bounded number at once, and tries again for a while where the server is away. What waits is
//! gone when the process ends: who asked can ask again.

mod letter;
mod postman;
mod smtp;

pub use letter::{Letter, Links};
pub(crate) use postman::PER_ADDRESS_MAX;
pub use postman::{Post, Postman, post};
pub use smtp::{Smtp, SmtpError, SmtpOptions, Tls};

use jiff::Timestamp;
use uuid::Uuid;

/// A mail that is to be sent.
#[derive(Clone)]
pub struct Mail {
    /// Its id: becomes its `Message-ID`.
    pub id: Uuid,
    /// To whom. Never logged.
    pub to: String,
    /// What it says.
    pub letter: Letter,
    /// When it was written.
    pub at: Timestamp,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How mails leave.
#[derive(Debug)]
pub enum Delivery {
    /// By a server.
    Smtp(Box<Smtp>),
    /// Into the log, where no server is configured: for who tries things out.
    Log,
}
