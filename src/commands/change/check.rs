//! `check`, and reading a draft for `file` and `revise`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::commands::Context;
use crate::commands::files::read_text;
use crate::commands::lookup::name_of_input;
use crate::domain::{Denied, Digest, Governance, PersonId, Refusal, Text, Time, Window, judge_party, judge_window};
use crate::error::Error;
use crate::format::{body, entry, text};
use crate::input::{Draft, DraftContext, Fault, Problem, read};
use crate::output::{self, safe};
use crate::store::Session;

/// Check a draft without recording it
///
/// Reports every fault with its line and field. Checks people and the window too if a register is configured or named.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal check change.toml
  twinseal draft --from CHG-42 | twinseal check -")]
pub struct Check {
    /// Draft in TOML; - reads standard input
    file: PathBuf,
}

impl Check {
    /// # Errors
    /// [`Error::Faults`], or the draft or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        // Only people and windows need a register.
        let session = if context.registers.named().is_some() { Some(context.open()?) } else { None };
        let draft = read_draft(context, session.as_ref(), &self.file)?;
        let against = match session.as_ref().and_then(|session| session.state().id()) {
            Some(id) => format!("checked against register {}", id.name()),
            None => "no register: people and window not checked".to_owned(),
        };
        if context.ui.json {
            let text = Text::Description(Box::new(draft.description));
            let read = json!({ "facts": output::json::facts(&draft.facts), "text": output::json::text(&text) });
            context.ui.print_json(context.env, read)?;
        }
        let name = self.file.display().to_string();
        context.env.status(format_args!("{}: no faults ({against})", safe(&name)));
        Ok(())
    }
}

/// The files beside a draft, and the register if there is one.
struct Against {
    folder: PathBuf,
    /// Governance with all enrolled people; `None` without a register.
    governance: Option<Governance>,
    now: Time,
}

impl DraftContext for Against {
    fn digest_of(&self, path: &str) -> io::Result<Digest> {
        digest_of(&self.folder.join(path))
    }

    fn judge_party(&self, person: &PersonId) -> Result<(), Refusal> {
        match self.governance.as_ref().map(|governance| judge_party(governance, person)) {
            Some(Err(Denied::Refused(refusal))) => Err(refusal),
            // All enrolled people are loaded, so an absent one is not enrolled.
            Some(Err(Denied::Unloaded(_))) => Err(Refusal::PartyUnknown { person: person.clone() }),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn judge_window(&self, window: &Window) -> Result<(), Refusal> {
        self.governance.as_ref().map_or(Ok(()), |_| judge_window(window, self.now))
    }
}

/// Reads a draft and checks it, against the rules of a register too if there is a session.
///
/// # Errors
/// [`Error::Faults`] with every fault, or the file cannot be read.
pub fn read_draft(context: &mut Context<'_>, session: Option<&Session>, given: &Path) -> Result<Draft, Error> {
    let source = read_text(context.env, given)?;
    let path = name_of_input(given);
    let beside = context.env.path(given).parent().map(Path::to_owned).unwrap_or_default();
    let folder = if given == Path::new("-") { context.env.folder.clone() } else { beside };
    let governance = session.map(|session| session.governed()).transpose()?;
    let against = Against { folder, governance, now: context.env.now() };
    let draft = read(&source, &against).map_err(|faults| Error::Faults { path: path.clone(), faults })?;
    match oversize(&draft) {
        Some((bytes, most)) => {
            let fault = Fault { line: 1, field: String::new(), problem: Problem::TooLarge { bytes, most } };
            Err(Error::Faults { path, faults: vec![fault] })
        }
        None => Ok(draft),
    }
}

/// The most bytes of a draft's facts: the limit of an entry less room for its other lines and its signature.
const MOST_FACTS: usize = entry::MAX_BLOB - 1280;

/// The size in bytes of the first part that would be too large to file, and the limit of that part.
fn oversize(draft: &Draft) -> Option<(usize, usize)> {
    let words = Text::Description(Box::new(draft.description.clone()));
    let text = text::write(&words, [0; 16]).0.len();
    let parts = [(body::facts(&draft.facts).len(), MOST_FACTS), (text, entry::MAX_TEXT)];
    parts.into_iter().find(|(bytes, most)| bytes > most)
}

/// The SHA-256 of a regular file of any size.
///
/// # Errors
/// The file cannot be read, or is a device or a pipe, which might never end.
pub fn digest_of(path: &Path) -> io::Result<Digest> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut hash = Sha256::new();
    io::copy(&mut fs::File::open(path)?, &mut HashWriter(&mut hash))?;
    Ok(Digest::new(hash.finalize().into()))
}

struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
