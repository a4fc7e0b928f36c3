//! What was refused: a line of NDJSON for each record, to be looked through, corrected and imported
//! again.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::format::{Complaint, Layout, Raw, first_refusal};

/// How much of a record is written down, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// A file of rejects. It is made when the first record is refused.
#[derive(Debug)]
pub(crate) struct Rejects {
    path: PathBuf,
    /// Where else it may be made, where it cannot be made at `path`.
    fallback: Option<PathBuf>,
    file: Option<BufWriter<File>>,
    bytes: u64,
}

impl Rejects {
    /// Rejects go to `path`, or to `fallback` where no file can be made there.
    pub(crate) fn new(path: PathBuf, fallback: Option<PathBuf>) -> Self {
        Self { path, fallback, file: None, bytes: 0 }
    }

    /// Goes on with a file of which an interrupted import has written `bytes`.
    pub(crate) fn go_on(&mut self, path: &Path, bytes: u64) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        self.keep(path, bytes)?;
        self.file = Some(BufWriter::new(open(path, bytes)?));
        Ok(())
    }

    /// Keeps the `bytes` of a file that an import has written which came to its end, and leaves the
    /// rest alone: it may be what was refused of the next one. What is refused now follows them.
    pub(crate) fn keep(&mut self, path: &Path, bytes: u64) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        if path.metadata()?.len() < bytes {
            return Err(shorter());
        }
        path.clone_into(&mut self.path);
        self.bytes = bytes;
        Ok(())
    }

    /// Where they are, if there are any.
    pub(crate) fn written(&self) -> Option<&Path> {
        (self.bytes > 0).then_some(self.path.as_path())
    }

    /// The file, and how long it is.
    pub(crate) fn place(&self) -> (&Path, u64) {
        (&self.path, self.bytes)
    }

    /// Writes down a record and what is wrong with it.
    pub(super) fn write(
        &mut self,
        source: &str,
        layout: &Layout,
        raw: &Raw,
        complaints: &[Complaint],
    ) -> io::Result<()> {
        let line = line(source, layout, raw, complaints);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = self.create()?;
                self.file.insert(BufWriter::new(file))
            }
        };
        file.write_all(line.as_bytes())?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn create(&mut self) -> io::Result<File> {
        match (open(&self.path, self.bytes), self.fallback.take()) {
            (Err(error), Some(fallback)) if error.kind() != ErrorKind::ResourceBusy => {
                self.path = fallback;
                open(&self.path, self.bytes)
            }
            (opened, _) => opened,
        }
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Opens a file for one import alone, to write on after its first `bytes`; the rest of it is gone.
fn open(path: &Path, bytes: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(false).write(true).open(path)?;
    let metadata = file.metadata()?;
    // Such as a terminal.
    if !metadata.is_file() {
        return Ok(file);
    }
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        let busy = "another import is writing to it";
        return Err(io::Error::new(ErrorKind::ResourceBusy, busy));
    }
    if metadata.len() < bytes {
        return Err(shorter());
    }
    file.set_len(bytes)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

fn shorter() -> io::Error {
    io::Error::other("it is shorter than it was")
}

fn line(source: &str, layout: &Layout, raw: &Raw, complaints: &[Complaint]) -> String {
    let said =
        |complaint: &Complaint| json!({"field": complaint.field, "reason": complaint.reason});
    let is_cut = raw.text.len() > TEXT_BYTES_MAX;
    let text = String::from_utf8_lossy(&raw.text[..raw.text.len().min(TEXT_BYTES_MAX)]);
    let first = complaints.first();
    let mut line = json!({
        "file": source,
        "line": raw.line,
        "field": first.and_then(|complaint| complaint.field.as_deref()),
        "reason": first.map(|complaint| complaint.reason.as_str()),
    });
    if complaints.len() > 1 {
        line["more"] = complaints[1..].iter().map(said).collect();
    }
    line["text"] = Value::from(text);
    if let Some(first) =
        matches!(layout, Layout::Objects).then(|| first_refusal(&raw.text)).flatten()
    {
        // Refused again: what it was at first, and what is wrong with it now.
        for (name, value) in first {
            if ["file", "line", "text", "text_is_cut", "record"].contains(&name.as_str()) {
                line[name] = value;
            }
        }
    } else if is_cut {
        line["text_is_cut"] = Value::from(true);
    } else if let Some(record) = layout.object(&raw.text) {
        line["record"] = Value::Object(record);
    }
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use super::{super::format::Dialect, *};

    #[test]
    fn a_line_says_where_what_and_why_and_long_ones_are_cut() {
        let complaints = [Complaint::about("year", "“x” is no year"), Complaint::whole("b")];
        let raw = Raw { line: 7, text: b"{\"title\": \"A\", \"year\": \"x\"}".to_vec() };
        let written: Value =
            serde_json::from_str(&line("f.json", &Layout::Objects, &raw, &complaints)).unwrap();
        assert_eq!(
            written,
            json!({
                "file": "f.json", "line": 7, "field": "year", "reason": "“x” is no year",
                "more": [{"field": null, "reason": "b"}],
                "text": "{\"title\": \"A\", \"year\": \"x\"}",
                "record": {"title": "A", "year": "x"}
            })
        );
        let raw = Raw { line: 1, text: vec![b'"'; 1 << 20] };
        let written = line("f", &Layout::Objects, &raw, &complaints);
        assert!(written.len() < 3 * TEXT_BYTES_MAX && written.contains("\"text_is_cut\":true"));
    }

    #[test]
    fn what_is_refused_again_is_written_down_as_what_it_was_at_first() {
        let raw = Raw { line: 7, text: b"A;x".to_vec() };
        let dialect = Dialect { delimiter: b';', quote: None };
        let layout = Layout::Cells { columns: vec!["title".into(), "year".into()], dialect };
        let complaint = |reason: &str| [Complaint::about("year", reason)];
        let mut text = line("f.csv", &layout, &raw, &complaint("no year"));
        for reason in ["still none", "still none"] {
            let raw = Raw { line: 1, text: text.trim_end().as_bytes().to_vec() };
            text = line("f.csv.rejects.ndjson", &Layout::Objects, &raw, &complaint(reason));
        }
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({
                "file": "f.csv", "line": 7, "field": "year", "reason": "still none",
                "text": "A;x", "record": {"title": "A", "year": "x"}
            })
        );
    }

    #[test]
    fn going_on_forgets_what_was_written_after_the_last_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.ndjson");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let mut rejects = Rejects::new(folder.path().join("other"), None);
        rejects.go_on(&path, 4).unwrap();
        let raw = Raw { line: 2, text: b"x".to_vec() };
        rejects.write("f", &Layout::Objects, &raw, &[Complaint::whole("no")]).unwrap();
        rejects.flush().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("one\n{\"file\":\"f\""), "{text}");
        assert_eq!(rejects.place(), (path.as_path(), text.len() as u64));
        assert!(Rejects::new(path.clone(), None).go_on(&path, 10_000).is_err());
    }

    #[test]
    fn what_a_finished_file_left_stays_and_what_the_next_one_left_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.ndjson");
        std::fs::write(&path, "one\ntwo\nthree\n").unwrap();
        let mut rejects = Rejects::new(path.clone(), None);
        rejects.keep(&path, 4).unwrap();
        assert_eq!(rejects.written(), Some(path.as_path()));
        rejects.go_on(&path, 8).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        drop(rejects);
        // Of the next one nothing was written down.
        let mut rejects = Rejects::new(path.clone(), None);
        rejects.keep(&path, 4).unwrap();
        let raw = Raw { line: 2, text: b"x".to_vec() };
        rejects.write("f", &Layout::Objects, &raw, &[Complaint::whole("no")]).unwrap();
        rejects.flush().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("one\n{\"file\":\"f\""), "{text}");
    }

    #[test]
    fn two_imports_do_not_write_to_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.ndjson");
        let raw = Raw { line: 2, text: b"x".to_vec() };
        let write = |rejects: &mut Rejects| {
            rejects.write("f", &Layout::Objects, &raw, &[Complaint::whole("no")])
        };
        let mut first = Rejects::new(path.clone(), None);
        write(&mut first).unwrap();
        first.flush().unwrap();
        let mut second = Rejects::new(path.clone(), Some(folder.path().join("other")));
        assert_eq!(write(&mut second).unwrap_err().kind(), ErrorKind::ResourceBusy);
        assert!(path.metadata().unwrap().len() > 0, "it has not been cut");
    }

    #[test]
    fn where_no_file_can_be_made_there_is_another_place() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("r.ndjson");
        let mut rejects = Rejects::new("/nowhere/r.ndjson".into(), Some(other.clone()));
        assert_eq!(rejects.written(), None);
        let raw = Raw { line: 2, text: b"x".to_vec() };
        rejects.write("f", &Layout::Objects, &raw, &[Complaint::whole("no")]).unwrap();
        assert_eq!(rejects.written(), Some(other.as_path()));
    }
}
