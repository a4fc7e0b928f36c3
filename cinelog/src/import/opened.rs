//! A source that has been opened and recognised: what there is to read, before anything is imported.

use std::{
    io::BufRead,
    sync::{Arc, atomic::AtomicU64},
};

use super::{
    format::{Dialect, Layout, Records, Shape, recognise},
    imdb,
    input::{Input, Source},
    mapping::Plan,
    settings::Settings,
};

/// How many columns are named where none of them is the title.
const NAMED_MAX: usize = 30;

/// A source, and what it is.
pub(crate) struct Opened {
    pub(crate) source: Source,
    /// How large it is, where that can be known.
    pub(crate) size: Option<u64>,
    /// How much of it has been read.
    pub(crate) read: Arc<AtomicU64>,
    pub(super) records: Records<Box<dyn BufRead + Send>>,
    pub(super) layout: Layout,
    /// Which of IMDb's files it is.
    pub(crate) imdb: Option<imdb::Kind>,
    pub(super) plan: Plan,
    /// What is worth saying about it already.
    pub(super) notes: Vec<String>,
}

impl Opened {
    /// Opens a source, and reads its header where it has one.
    ///
    /// # Errors
    /// A sentence, where it cannot be read or nothing in it is a title.
    pub(crate) fn open(source: Source, settings: &Settings) -> Result<Self, String> {
        let input = Input::open(source, settings.encoding)?;
        let imdb = imdb::Kind::of(&input.head).filter(|_| settings.said.format.is_none());
        let shape = match imdb {
            Some(_) => Shape::Rows(Dialect { delimiter: b'\t', quote: None }),
            None => recognise(&input.source, &input.head, &settings.said),
        };
        let Input { source, size, read, .. } = &input;
        let (source, size, read) = (source.clone(), *size, Arc::clone(read));
        let head = input.head.clone();
        let mut records = Records::new(input.text(), &head, &shape);
        let columns = records
            .columns()
            .map_err(|error| format!("{source} cannot be read: {error}"))?
            .transpose()
            .map_err(|complaint| format!("the header of {source}: {}", complaint.reason))?;
        let mut plan = Plan::new(settings.mapping.clone());
        let mut notes = Vec::new();
        let layout = match (columns, shape) {
            (Some(columns), Shape::Rows(dialect)) => {
                if imdb.is_none() && !columns.is_empty() && !plan.has_title(&columns) {
                    return Err(no_title(&source, &columns));
                }
                notes.extend(plan.missing(&columns).into_iter().map(|column| {
                    format!("there is no column {column}, which was said to be a field")
                }));
                Layout::Cells { columns, dialect }
            }
            _ => Layout::Objects,
        };
        Ok(Self { source, size, read, records, layout, imdb, plan, notes })
    }
}

fn no_title(source: &Source, columns: &[String]) -> String {
    let mut named = columns.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if columns.len() > NAMED_MAX {
        named.push_str(", …");
    }
    format!(
        "no column of {source} is known to be the title. Its columns are: {named}. Say which is, such as --map \"COLUMN=title\""
    )
}
