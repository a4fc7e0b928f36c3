//! Where what is refused is written, and where it must not be: over what is read, or into the data.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    cli::ImportArgs,
    config::Config,
    data_dir::DataDir,
    error::Failure,
    files::{is_linked_from, is_same_file, is_same_place, resolved, with_side_files},
    import::Source,
};

/// Refuses to read what is being written: to write what is refused to a file that is imported as well
/// would destroy it before it is read. A file that is named twice is a mistake too.
pub(super) fn refuse_mixed_up(args: &ImportArgs, config: &Config) -> Result<(), Failure> {
    let files: Vec<&Path> =
        args.files.iter().filter(|path| path.is_file()).map(PathBuf::as_path).collect();
    for (index, file) in files.iter().enumerate() {
        if let Some(other) = files[..index].iter().find(|other| is_same_file(other, file)) {
            let (a, b) = (other.display(), file.display());
            return Err(Failure::Other(format!("{a} and {b} are the same file; name it once")));
        }
    }
    let imports = config.server.data.join(DataDir::IMPORTS);
    let rejects = match &args.rejects {
        Some(path) => vec![path.clone()],
        None => args
            .files
            .iter()
            .flat_map(|path| {
                let (beside, name) = own_rejects(&Source::named(path));
                [beside, imports.join(name)]
            })
            .collect(),
    };
    let map_file = args.map_file.as_deref();
    for rejects in &rejects {
        let is_read = |read: &Path| is_same_place(read, rejects);
        let what = if files.iter().copied().chain(map_file).any(is_read) {
            "is read"
        } else if is_of_data(rejects, config, args.rejects.is_none()) {
            "is of the data folder"
        } else {
            continue;
        };
        let rejects = rejects.display();
        return Err(Failure::Other(format!(
            "what is refused would be written to {rejects}, which {what}; say another file with --rejects"
        )));
    }
    Ok(())
}

/// Whether a path leads into the data folder, or to a store of it that is elsewhere. Where nothing was
/// said, rejects have a place in there; `is_usual` is whether that may be.
fn is_of_data(path: &Path, config: &Config, is_usual: bool) -> bool {
    let data = &config.server.data;
    let imports = resolved(&data.join(DataDir::IMPORTS));
    let stores = [config.log.url.file(), config.read_model.url.file()];
    let stores: Vec<PathBuf> = stores.into_iter().flatten().map(|store| data.join(store)).collect();
    if is_linked_from(path, data)
        || stores.iter().flat_map(|store| with_side_files(store)).any(|it| is_same_place(&it, path))
    {
        return true;
    }
    let place = resolved(path);
    let has_own_name = place.file_name() == path.file_name();
    let is_in_its_place = is_usual && has_own_name && place.parent() == Some(imports.as_path());
    place.starts_with(resolved(data)) && !is_in_its_place
}

/// Where what is refused of a source is written beside it, and the name of that file.
pub(super) fn own_rejects(source: &Source) -> (PathBuf, OsString) {
    let path = match source {
        Source::File(path) => path.clone(),
        Source::Stdin | Source::Text { .. } => PathBuf::from("stdin"),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".rejects.ndjson");
    (path.with_file_name(&name), name)
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
