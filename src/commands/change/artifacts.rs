//! The artifacts that a start deploys: those that are named, and those that are found by their names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::Context;
use crate::commands::change::against::digest_of;
use crate::commands::lookup::{option_path, parse};
use crate::domain::{Artifact, Change, Digest, Person, RunId};
use crate::error::{ArtifactError, Error, FileAct};
use crate::output::safe;
use crate::store::Session;
use crate::trf;

/// The most files and folders that are looked at below a folder.
const MOST: usize = 100_000;

/// Reads an artifact given as `NAME=FILE`.
///
/// # Errors
/// [`Error::Form`], or the file cannot be read.
pub(super) fn read(context: &Context<'_>, given: &str) -> Result<Artifact, Error> {
    let wrong = || Error::Form { given: given.to_owned(), form: "NAME=FILE" };
    let (name, path) = given.split_once('=').ok_or_else(wrong)?;
    let failed = |source| Error::File { doing: FileAct::Read, path: PathBuf::from(path), source };
    let digest = digest_of(&context.env.path(Path::new(path))).map_err(failed)?;
    Ok(Artifact { name: parse(name)?, digest })
}

/// The directory in which a start looks for artifacts that are not named.
#[derive(Debug, Clone, Copy)]
pub(super) enum Search<'f> {
    /// A pipeline names its artifacts, so that it is judged as the gate judges it.
    Nowhere,
    /// The current directory itself.
    Here,
    /// This directory and those below it.
    Below(&'f Path),
}

impl<'f> Search<'f> {
    /// # Errors
    /// [`ArtifactError::Pipeline`] if a machine account, or a start with a run id, gives a `folder`. The owner of the key
    /// cannot be found.
    pub(super) fn of(
        context: &Context<'_>,
        session: &Session,
        run: Option<&RunId>,
        folder: Option<&'f Path>,
    ) -> Result<Self, Error> {
        let names = run.is_some() || is_machine(context, session)?;
        match (names, folder) {
            (true, None) => Ok(Self::Nowhere),
            (true, Some(_)) => Err(ArtifactError::Pipeline.into()),
            (false, folder) => Ok(folder.map_or(Self::Here, Self::Below)),
        }
    }

    /// The files with this name.
    fn files(self, context: &Context<'_>, name: &str) -> Result<Vec<PathBuf>, Error> {
        match self {
            Self::Nowhere => Ok(Vec::new()),
            Self::Here => {
                let file = context.env.folder.join(name);
                Ok(if file.symlink_metadata().is_ok() { vec![file] } else { Vec::new() })
            }
            Self::Below(folder) => below(&context.env.path(folder), name)
                .map_err(|source| Error::File { doing: FileAct::Read, path: folder.to_owned(), source })?
                .ok_or_else(|| ArtifactError::TooMany { folder: folder.to_owned(), most: MOST }.into()),
        }
    }
}

/// Whether the chosen key is one of a machine account.
fn is_machine(context: &Context<'_>, session: &Session) -> Result<bool, Error> {
    let me = context.me(session)?;
    let machine = |it: &Person| it.grants.is_machine();
    Ok(session.ask(|state| Ok(state.governance().person(&me)?.is_some_and(machine)))??)
}

/// Adds the approved artifacts that are not `given`: the files with their names. Which file was taken is always said: its
/// SHA-256 is signed. What is not found stays away, and a rule decides.
///
/// # Errors
/// [`ArtifactError::Differ`] if files with the name of an artifact differ: the approved one must not vouch for another one
/// that is deployed. A file or the folder cannot be read.
pub(super) fn with_found(
    context: &mut Context<'_>,
    change: &Change,
    mut given: Vec<Artifact>,
    search: Search<'_>,
) -> Result<Vec<Artifact>, Error> {
    for Artifact { name, .. } in &change.current().facts.artifacts {
        if given.iter().any(|it| it.name == *name) {
            continue;
        }
        let mut found: Vec<(Digest, PathBuf)> = Vec::new();
        for path in search.files(context, name.as_str())? {
            let failed = |source| Error::File { doing: FileAct::Read, path: path.clone(), source };
            found.push((digest_of(&path).map_err(failed)?, path));
        }
        let Some((digest, path)) = found.first() else { continue };
        let shown = |path: &Path| path.strip_prefix(&context.env.folder).unwrap_or(path).to_owned();
        if found.iter().any(|(other, _)| other != digest) {
            let files = found.iter().map(|(_, path)| option_path(&shown(path))).collect();
            return Err(ArtifactError::Differ { name: name.clone(), files }.into());
        }
        let said = shown(path).display().to_string();
        let said = safe(&said);
        context.env.status(trf!("artifact {name}: {said}", "制品 {name}：{said}"));
        given.push(Artifact { name: name.clone(), digest: *digest });
    }
    Ok(given)
}

/// The files and links with this name below a folder, in the order of their paths; `None` if there is too much to look at.
/// Links to folders are not followed.
fn below(folder: &Path, name: &str) -> std::io::Result<Option<Vec<PathBuf>>> {
    let (mut found, mut folders, mut seen) = (Vec::new(), vec![folder.to_owned()], 0);
    // The folder itself must be readable; one below it may belong to somebody else.
    fs::read_dir(folder)?;
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST {
                return Ok(None);
            }
            match item.file_type() {
                Ok(it) if it.is_dir() => folders.push(item.path()),
                // What a link leads to can be deployed under the name of the link.
                Ok(_) if item.file_name() == name && !item.path().is_dir() => found.push(item.path()),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(Some(found))
}
