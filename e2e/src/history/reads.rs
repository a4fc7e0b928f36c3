//! Reads against the log.

use std::collections::HashMap;

use super::{Found, Read, Violation, films::Films, violation::ReadIs};

/// The reads of each client are in the order in which it asked.
pub(super) fn check(reads: &[Read], films: &Films<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut shown_to: HashMap<usize, u64> = HashMap::new();
    for read in reads {
        let shown = match &read.found {
            Found::Film { position, .. } | Found::Other { position } => Some(*position),
            Found::Nothing { .. } => None,
            Found::Wrong(said) => {
                let (to, said) = (read.is().to_string(), said.clone());
                found.push(Violation::WrongAnswer { to, said });
                continue;
            }
        };
        if let Some(shown) = shown {
            found.extend(positions(read, shown, &mut shown_to));
        }
        found.extend(content(read, films));
    }
    found
}

/// What a read says that it reflects, against what was asked and what its client knows.
fn positions(read: &Read, shown: u64, shown_to: &mut HashMap<usize, u64>) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Some(asked) = read.asked.filter(|asked| shown < *asked) {
        found.push(Violation::Stale { read: read.is(), asked, shown });
    }
    let before = shown_to.entry(read.reader).or_default();
    if read.in_session && shown < *before {
        found.push(Violation::WentBack { read: read.is(), before: *before, shown });
    }
    *before = shown.max(*before);
    found
}

/// What a read shows of a film, against the log.
fn content(read: &Read, films: &Films<'_>) -> Option<Violation> {
    let asked = read.asked.unwrap_or(0);
    match &read.found {
        Found::Film { position, stream, revision, ratings } => {
            let (from, shown) = (asked.max(*position), (*revision, *ratings));
            let is_behind = |there: (u64, u64)| shown.0 < there.0 || shown.1 < there.1;
            let Some(film) = films.get(stream) else {
                return Some(Violation::Invented { read: read.is(), end: (0, 0), shown });
            };
            if is_behind(film.at(from)) {
                let there = film.at(from);
                return Some(Violation::Behind { read: read.is(), position: from, there, shown });
            }
            let end = film.at_end();
            if shown.0 > end.0 || shown.1 > end.1 {
                return Some(Violation::Invented { read: read.is(), end, shown });
            }
            (!film.can_be(true, from)).then(|| Violation::WrongPresence {
                read: read.is(),
                found: true,
                position: from,
            })
        }
        Found::Nothing { stream } => {
            let film = films.get(stream)?;
            (!film.can_be(false, asked)).then(|| Violation::WrongPresence {
                read: read.is(),
                found: false,
                position: asked,
            })
        }
        Found::Other { .. } | Found::Wrong(_) => None,
    }
}

impl Read {
    /// Which one it is.
    pub(super) fn is(&self) -> ReadIs {
        ReadIs { reader: self.reader, sent: self.sent, target: self.target.clone() }
    }
}
