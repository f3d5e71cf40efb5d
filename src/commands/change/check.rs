//! `check`: every fault of a draft at once; and reading one, as `file` does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::commands::Context;
use crate::commands::files::read_text;
use crate::commands::lookup::name_of_input;
use crate::domain::{Digest, PersonId, Refusal, Text, Time, Window, judge_party, judge_window};
use crate::error::Error;
use crate::format::{body, entry, text};
use crate::input::{Draft, DraftContext, Fault, Problem, read};
use crate::output::{self, safe};
use crate::store::Session;

/// Check a draft: every fault at once, with its line and field; nothing is recorded
#[derive(Debug, Args)]
pub struct Check {
    /// The draft, TOML; - is standard input
    file: PathBuf,
}

impl Check {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Faults`], or what prevents reading.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        // People and windows are checked where a register is named; the rest needs none.
        let session = if context.registers.named().is_some() { Some(context.open()?) } else { None };
        let draft = read_draft(context, session.as_ref(), &self.file)?;
        let against = match session.as_ref().and_then(|session| session.state().id()) {
            Some(id) => format!("against the register {}", id.name()),
            None => "without a register: its people and window were not checked".to_owned(),
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

/// What a draft is read against: the files beside it, and the register where one is named.
struct Against<'s> {
    folder: PathBuf,
    session: Option<&'s Session>,
    now: Time,
}

impl DraftContext for Against<'_> {
    fn digest_of(&self, path: &str) -> io::Result<Digest> {
        digest_of(&self.folder.join(path))
    }

    fn judge_party(&self, person: &PersonId) -> Result<(), Refusal> {
        self.session.map_or(Ok(()), |session| judge_party(session.state().governance(), person))
    }

    fn judge_window(&self, window: &Window) -> Result<(), Refusal> {
        self.session.map_or(Ok(()), |_| judge_window(window, self.now))
    }
}

/// Reads a draft and finds all that is wrong with it, also by the rules of a register.
///
/// # Errors
/// [`Error::Faults`], or what prevents reading.
pub fn read_draft(context: &mut Context<'_>, session: Option<&Session>, given: &Path) -> Result<Draft, Error> {
    let source = read_text(context.env, given)?;
    let path = name_of_input(given);
    let beside = context.env.path(given).parent().map(Path::to_owned).unwrap_or_default();
    let folder = if given == Path::new("-") { context.env.folder.clone() } else { beside };
    let against = Against { folder, session, now: context.env.now() };
    let draft = read(&source, &against).map_err(|faults| Error::Faults { path: path.clone(), faults })?;
    match size(&draft) {
        bytes if bytes > MOST => {
            let fault = Fault { line: 1, field: String::new(), problem: Problem::TooLarge { bytes, most: MOST } };
            Err(Error::Faults { path, faults: vec![fault] })
        }
        _ => Ok(draft),
    }
}

/// The most bytes of a draft's body, and of its text part: what an entry holds, less the lines that every entry has.
const MOST: usize = entry::MAX_PART - 1024;

/// The bytes of the larger of a draft's two parts, as they would be filed.
fn size(draft: &Draft) -> usize {
    let words = Text::Description(Box::new(draft.description.clone()));
    text::write(&words, [0; 16]).0.len().max(body::facts(&draft.facts).len())
}

/// The SHA-256 of a file, whatever its size; a device or a pipe might never end.
///
/// # Errors
/// What the system says.
pub fn digest_of(path: &Path) -> io::Result<Digest> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
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
