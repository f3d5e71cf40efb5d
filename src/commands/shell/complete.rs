//! `complete`: the words that could follow on a command line, for the scripts that `setup-shell` installs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use clap::{Args, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate, complete};

use super::Shell;
use crate::commands::change::drafts;
use crate::commands::help::TOPICS;
use crate::commands::look::list::OPEN;
use crate::commands::lookup::change_id;
use crate::commands::{Context, Zh};
use crate::domain::{ChangeId, Outcome, PersonId, Risk, Role, Status};
use crate::error::Error;
use crate::output::safe;
use crate::store::{ChangeFilter, Queries, StoreError, remembered};
use crate::tr;
use crate::venue::MICS;
use crate::zone::Zone;

/// Print the words that could stand at a place of a command line
#[derive(Debug, Args)]
#[command(zh("列出命令行某处可填的词"))]
#[command(
    hide = true,
    after_help = "Examples:
  twinseal complete bash 2 -- twinseal show CHG"
)]
pub struct Complete {
    /// Shell that asks
    #[arg(zh("询问的 shell"))]
    shell: Shell,
    /// Place of the word, from 0 for the program
    #[arg(zh("词的位置，程序为 0"))]
    index: usize,
    /// Words of the command line, the program first
    #[arg(zh("命令行的各个词，程序在前"))]
    #[arg(last = true)]
    words: Vec<OsString>,
}

/// The most changes that are offered: the newest.
const MOST: u32 = 200;

/// What can be offered, each word with what it means, by the value name of the argument.
type Known = BTreeMap<&'static str, Vec<(String, String)>>;

impl Complete {
    /// Prints the words, or none if anything fails: a person is typing, and reads no error.
    ///
    /// It verifies nothing, writes nothing and waits for nobody: the next command has to say what it finds.
    ///
    /// # Errors
    /// Standard output fails.
    pub fn run(self, context: &mut Context<'_>, program: Command) -> Result<(), Error> {
        let mut known = remembered_by(context, self.named_change()).unwrap_or_default();
        known.extend(of_the_program(&program));
        known.insert("DRAFT", drafts::numbered(context).into_iter().map(|(n, title)| (n.to_string(), title)).collect());
        let registers = context.registers.known().list().iter().filter(|it| !it.superseded);
        let registers: Vec<_> = registers.map(|it| (it.name.clone(), it.path.display().to_string())).collect();
        known.insert("NAME|FILE", registers.clone());
        known.insert("REGISTER", registers);
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

impl Complete {
    /// The change that another word of the command line names, whose targets are offered.
    fn named_change(&self) -> Option<ChangeId> {
        let others = self.words.iter().enumerate().skip(1).filter(|(at, _)| *at != self.index);
        others.filter_map(|(_, word)| word.to_str()).find_map(|word| change_id(word).ok())
    }
}

/// What this account has verified of the register.
fn remembered_by(context: &Context<'_>, change: Option<ChangeId>) -> Option<Known> {
    let fingerprint = context.registers.remembered(context.env).ok()?;
    let read = |queries: Queries<'_>| known(&queries, change);
    remembered(&context.registers.state_folder(fingerprint), fingerprint, read).ok().flatten()
}

/// Words without a meaning that has to be said.
fn plain(words: impl IntoIterator<Item = impl ToString>) -> Vec<(String, String)> {
    words.into_iter().map(|it| (it.to_string(), String::new())).collect()
}

/// The words that are the same in every register: topics of help, statuses and other closed sets.
fn of_the_program(program: &Command) -> Known {
    let shown = program.get_subcommands().filter(|it| !it.is_hide_set());
    let about = |it: &Command| it.get_about().map(ToString::to_string).unwrap_or_default();
    let commands = shown.map(|it| (it.get_name().to_owned(), about(it)));
    let topics =
        TOPICS.iter().map(|(name, _)| ((*name).to_owned(), tr!("topic", "主题").to_owned())).chain(commands).collect();
    Known::from([
        ("COMMAND|TOPIC", topics),
        ("STATUS", plain([OPEN].iter().chain(Status::WORDS))),
        ("ROLE", plain(Role::WORDS)),
        ("RISK", plain(Risk::WORDS)),
        ("OUTCOME", plain(Outcome::WORDS)),
        ("ZONE", plain(Zone::names())),
        ("MIC", plain(MICS)),
    ])
}

/// What a register offers.
fn known(queries: &Queries<'_>, change: Option<ChangeId>) -> Result<Known, StoreError> {
    let changes = queries.changes(&ChangeFilter { limit: Some(MOST), ..ChangeFilter::default() })?;
    let targets = change.map_or(Ok(Vec::new()), |change| queries.targets(change))?;
    let names: BTreeMap<_, _> = queries.names()?.into_iter().collect();
    let person = |id: PersonId| (id.to_string(), names.get(&id).cloned().unwrap_or_default());
    let changes: Vec<_> = changes.into_iter().map(|it| (it.id.to_string(), it.title.unwrap_or_default())).collect();
    let glasses = queries.offered_break_glasses()?;
    // As soon as services exist, changes name only those.
    let services = match queries.service_ids()? {
        none if none.is_empty() => queries.names_of("service")?,
        services => services.iter().map(ToString::to_string).collect(),
    };
    Ok(Known::from([
        // `show` takes the id of a break-glass too.
        ("CHANGE", changes.iter().chain(&glasses).cloned().collect()),
        ("CHG-N", changes),
        ("BG-N", glasses),
        ("PERSON", queries.people()?.into_iter().map(person).collect()),
        ("SERVICE", plain(services)),
        ("ENVIRONMENT", plain(queries.names_of("environment")?)),
        ("TAG", plain(queries.names_of("tag")?)),
        ("GROUP", plain(queries.groups()?)),
        ("TARGET", plain(targets)),
        ("FREEZE", queries.offered_freezes()?),
        ("PROPOSAL", queries.offered_proposals()?),
        ("TEMPLATE", queries.offered_templates()?),
    ]))
}

/// The command with candidates for each argument that stands for something known.
fn offering(command: Command, known: &Arc<Known>) -> Command {
    let with = |arg: clap::Arg| {
        let named = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str().to_owned());
        let Some(named) = named.filter(|it| known.contains_key(it.as_str())) else { return arg };
        let known = Arc::clone(known);
        let candidate = |(word, help): &(String, String)| {
            CompletionCandidate::new(word).help((!help.is_empty()).then(|| help.clone().into()))
        };
        arg.add(ArgValueCandidates::new(move || {
            known.get(named.as_str()).into_iter().flatten().map(candidate).collect()
        }))
    };
    command.mut_args(with).mut_subcommands(|it| offering(it, known))
}
