//! The artifacts that a start deploys: those that are named, and those that are found by their names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::Context;
use crate::commands::change::check::digest_of;
use crate::commands::lookup::parse;
use crate::domain::{Artifact, Change, Digest};
use crate::error::Error;
use crate::output::safe;

/// The most files and folders that are looked at below a folder.
const MOST: usize = 100_000;

/// Reads an artifact given as `NAME=FILE`.
///
/// # Errors
/// [`Error::Form`], or the file cannot be read.
pub(super) fn read(context: &Context<'_>, given: &str) -> Result<Artifact, Error> {
    let wrong = || Error::Form { given: given.to_owned(), form: "NAME=FILE" };
    let (name, path) = given.split_once('=').ok_or_else(wrong)?;
    let failed = |source| Error::File { doing: "read", path: PathBuf::from(path), source };
    let digest = digest_of(&context.env.path(Path::new(path))).map_err(failed)?;
    Ok(Artifact { name: parse(name)?, digest })
}

/// Adds the approved artifacts that are not `given`: the files with their names in the current folder, or anywhere below
/// `folder`. Of several, one with the approved SHA-256 is taken. What is not found stays away, and a rule decides.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn with_found(
    context: &mut Context<'_>,
    change: &Change,
    mut given: Vec<Artifact>,
    folder: Option<&Path>,
) -> Result<Vec<Artifact>, Error> {
    for approved in &change.current().facts.artifacts {
        if given.iter().any(|it| it.name == approved.name) {
            continue;
        }
        let named =
            match folder {
                Some(folder) => below(&context.env.path(folder), approved.name.as_str())
                    .map_err(|source| Error::File { doing: "read", path: folder.to_owned(), source })?,
                None => vec![context.env.folder.join(approved.name.as_str())],
            };
        let read = |path: PathBuf| Some((digest_of(&path).ok()?, path));
        let found: Vec<(Digest, PathBuf)> = named.into_iter().filter_map(read).collect();
        let same = found.iter().find(|(digest, _)| *digest == approved.digest).or_else(|| found.first());
        if let Some((digest, path)) = same {
            let shown = path.strip_prefix(&context.env.folder).unwrap_or(path).display().to_string();
            context.env.remark(format_args!("artifact {}: {}", approved.name, safe(&shown)));
            given.push(Artifact { name: approved.name.clone(), digest: *digest });
        }
    }
    Ok(given)
}

/// The files with this name below a folder, in the order of their paths. Links are not followed.
fn below(folder: &Path, name: &str) -> std::io::Result<Vec<PathBuf>> {
    let (mut found, mut folders, mut seen) = (Vec::new(), vec![folder.to_owned()], 0);
    // The folder itself must be readable; one below it may belong to somebody else.
    fs::read_dir(folder)?;
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            match item.file_type() {
                Ok(it) if it.is_dir() && seen < MOST => folders.push(item.path()),
                Ok(it) if it.is_file() && item.file_name() == name => found.push(item.path()),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}
