//! Reading: records become checked films, on a thread of its own.
//!
//! It hands them on in pieces of bounded size, and waits while nobody takes them.

use std::{io, sync::Arc};

use domain::movie::MovieDraft;
use tokio::sync::mpsc;

use super::{
    format::{Complaint, Fields, Layout, Raw, Record},
    imdb,
    mapping::{Plan, Slots},
    opened::Opened,
    row::{Row, year},
    settings::Settings,
};

/// How many records a piece has at most.
const PIECE_RECORDS_MAX: usize = 256;

/// How many bytes of text it has; the last record may go beyond.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// So many years ahead a film may be announced; beyond them its date is worth a look.
const YEARS_AHEAD_MAX: i64 = 5;

/// A record that has been read.
#[derive(Debug)]
pub(super) enum Item {
    /// A film.
    Film(Row),
    /// A film that IMDb's other files say more of.
    Draft(Raw, Box<MovieDraft>),
    /// Something that is not asked for.
    LeftOut,
    /// No film, and why.
    Refused(Raw, Vec<Complaint>),
}

/// Some records, in order.
pub(super) type Piece = Vec<Item>;

/// What is known of a file at its end.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Its columns that were used for nothing.
    pub(super) unused: Vec<String>,
    /// What else is worth saying.
    pub(super) notes: Vec<String>,
}

/// Reads everything, until nobody takes it any more.
///
/// # Errors
/// Where the source cannot be read.
pub(super) fn read_all(
    mut opened: Opened,
    settings: &Settings,
    join: bool,
    pieces: &mpsc::Sender<Piece>,
) -> io::Result<Report> {
    let mut reader = Reader {
        settings,
        layout: &opened.layout,
        plan: opened.plan,
        imdb: opened.imdb,
        join,
        far_ahead: 0,
    };
    let (mut piece, mut bytes) = (Piece::new(), 0);
    loop {
        let record = opened.records.next()?;
        let is_last = record.is_none();
        if let Some(record) = record {
            bytes += record.raw.text.len();
            piece.push(reader.item(record));
        }
        if is_last || piece.len() >= PIECE_RECORDS_MAX || bytes >= PIECE_BYTES_MAX {
            let full = std::mem::replace(&mut piece, Piece::with_capacity(PIECE_RECORDS_MAX));
            bytes = 0;
            if pieces.blocking_send(full).is_err() || is_last {
                break;
            }
        }
    }
    let mut unused = reader.plan.unused();
    if opened.imdb == Some(imdb::Kind::Basics) {
        unused.retain(|column| column != imdb::TITLE_TYPE);
    }
    let mut notes = opened.notes;
    if matches!(opened.layout, Layout::Objects) {
        notes.extend(
            reader
                .plan
                .unseen()
                .map(|column| format!("no record has {column}, which was said to be a field")),
        );
    }
    if reader.far_ahead > 0 {
        notes.push(format!("{} films are of years far ahead, as the file says", reader.far_ahead));
    }
    Ok(Report { unused, notes })
}

struct Reader<'a> {
    settings: &'a Settings,
    layout: &'a Layout,
    plan: Plan,
    imdb: Option<imdb::Kind>,
    /// Whether other files say more of the films.
    join: bool,
    /// How many films are of a year that is far ahead.
    far_ahead: u64,
}

impl Reader<'_> {
    fn item(&mut self, record: Record) -> Item {
        let Record { raw, fields } = record;
        let draft = match fields {
            Err(complaint) => Err(vec![complaint]),
            Ok(Fields::Object(object)) => self.draft(|plan| plan.object(&object)),
            Ok(Fields::Cells(cells)) => {
                let columns = match self.layout {
                    Layout::Cells { columns, .. } => columns.as_slice(),
                    Layout::Objects => &[],
                };
                if self.imdb.is_some()
                    && !self.settings.all_types
                    && !imdb::is_film(columns, &cells)
                {
                    return Item::LeftOut;
                }
                self.draft(|plan| plan.cells(columns, &cells))
            }
        };
        let years_max = i64::from(self.settings.reading.this_year) + YEARS_AHEAD_MAX;
        if draft.as_ref().is_ok_and(|draft| year(draft).is_some_and(|year| year > years_max)) {
            self.far_ahead += 1;
        }
        match draft {
            Err(complaints) => Item::Refused(raw, complaints),
            Ok(draft) if self.join => Item::Draft(raw, Box::new(draft)),
            Ok(draft) => Item::checked(raw, draft),
        }
    }

    fn draft<'a>(
        &'a mut self,
        slots: impl FnOnce(&'a mut Plan) -> Slots<'a>,
    ) -> Result<MovieDraft, Vec<Complaint>> {
        self.settings.reading.draft(&slots(&mut self.plan))
    }
}

impl Item {
    /// A film, where the draft is one.
    pub(super) fn checked(raw: Raw, draft: MovieDraft) -> Self {
        match Row::new(raw, draft) {
            Ok(row) => Self::Film(row),
            Err((raw, complaints)) => Self::Refused(raw, complaints),
        }
    }
}

/// Starts the reading of `opened` on a thread of its own.
pub(super) fn start(
    opened: Opened,
    settings: Arc<Settings>,
    join: bool,
    pieces_waiting_max: usize,
) -> (mpsc::Receiver<Piece>, tokio::task::JoinHandle<io::Result<Report>>) {
    let (sender, pieces) = mpsc::channel(pieces_waiting_max);
    let reading = tokio::task::spawn_blocking(move || read_all(opened, &settings, join, &sender));
    (pieces, reading)
}
