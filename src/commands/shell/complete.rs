//! `complete`: the words that could follow on a command line, for the scripts that `setup-shell` installs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use clap::{Args, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate, complete};

use super::Shell;
use crate::commands::Context;
use crate::domain::PersonId;
use crate::error::Error;
use crate::output::safe;
use crate::store::{ChangeFilter, Queries, StoreError, remembered};

/// Print the words that could stand at a place of a command line
#[derive(Debug, Args)]
#[command(
    hide = true,
    after_help = "Examples:
  twinseal complete bash 2 -- twinseal show CHG"
)]
pub struct Complete {
    /// Shell that asks
    shell: Shell,
    /// Place of the word, from 0 for the program
    index: usize,
    /// Words of the command line, the program first
    #[arg(last = true)]
    words: Vec<OsString>,
}

/// The most changes that are offered: the newest.
const MOST: u32 = 200;

/// What the register can offer, each word with what it means.
#[derive(Debug, Default)]
struct Known {
    changes: Vec<(String, String)>,
    people: Vec<(String, String)>,
    services: Vec<(String, String)>,
}

impl Complete {
    /// Prints the words, or none if anything fails: a person is typing, and reads no error.
    ///
    /// It verifies nothing, writes nothing and waits for nobody: the next command has to say what it finds.
    ///
    /// # Errors
    /// Standard output fails.
    pub fn run(self, context: &mut Context<'_>, program: Command) -> Result<(), Error> {
        let known = remembered_by(context).unwrap_or_default();
        let mut program = offering(program, &Arc::new(known));
        let folder = context.env.folder.clone();
        let words = complete(&mut program, self.words, self.index, Some(&folder)).unwrap_or_default();
        for word in words.iter().filter(|word| !word.is_hide_set()) {
            let value = word.get_value().to_string_lossy();
            let help = word.get_help().map(ToString::to_string).unwrap_or_default();
            let (value, help) = (safe(&value), safe(help.lines().next().unwrap_or_default()).into_owned());
            let line = match self.shell {
                Shell::Bash => value.into_owned(),
                Shell::Zsh if help.is_empty() => value.replace(':', "\\:"),
                Shell::Zsh => format!("{}:{help}", value.replace(':', "\\:")),
                Shell::Fish => format!("{value}\t{help}"),
            };
            context.env.print(line)?;
        }
        Ok(())
    }
}

/// What this account has verified of the register.
fn remembered_by(context: &Context<'_>) -> Option<Known> {
    let fingerprint = context.registers.remembered(context.env)?;
    remembered(&context.registers.state_folder(fingerprint), fingerprint, known).ok().flatten()
}

/// The changes, people and services of a register.
fn known(queries: Queries<'_>) -> Result<Known, StoreError> {
    let changes = queries.changes(&ChangeFilter { limit: Some(MOST), ..ChangeFilter::default() })?;
    let services = queries.names_of("service")?;
    let names: BTreeMap<_, _> = queries.names()?.into_iter().collect();
    let person = |id: PersonId| (id.to_string(), names.get(&id).cloned().unwrap_or_default());
    Ok(Known {
        changes: changes.into_iter().map(|it| (it.id.to_string(), it.title.unwrap_or_default())).collect(),
        people: queries.people()?.into_iter().map(person).collect(),
        services: services.into_iter().map(|it| (it, String::new())).collect(),
    })
}

/// The command with candidates for each argument that stands for something in the register.
fn offering(command: Command, known: &Arc<Known>) -> Command {
    let with = |arg: clap::Arg| {
        let named = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str().to_owned());
        let list: fn(&Known) -> &[(String, String)] = match named.as_deref() {
            Some("CHANGE" | "CHG-N") => |known| &known.changes,
            Some("PERSON") => |known| &known.people,
            Some("SERVICE") => |known| &known.services,
            _ => return arg,
        };
        let known = Arc::clone(known);
        let candidate = |(word, help): &(String, String)| {
            CompletionCandidate::new(word).help((!help.is_empty()).then(|| help.clone().into()))
        };
        arg.add(ArgValueCandidates::new(move || list(&known).iter().map(candidate).collect()))
    };
    command.mut_args(with).mut_subcommands(|it| offering(it, known))
}
