//! Reads the steps of a plan or a rollback: what people do, and what a machine could carry out.

use std::collections::BTreeMap;

use super::problem::Problem;
use super::tree::Table;
use crate::domain::{Args, Argument, Automation, Command, Invalid, Prose, Script, Step};

/// The steps, and the machine form of those that have one, by their number from 1.
#[derive(Debug, Default)]
pub struct Steps {
    /// What people do.
    pub text: Vec<Step>,
    /// What a machine could carry out.
    pub automation: BTreeMap<u64, Automation>,
}

/// Reads the steps under a key; at least one is required.
pub fn read_steps(table: &Table<'_, '_>, key: &'static str) -> Steps {
    let mut steps = Steps::default();
    table.require_items(key);
    for (n, it) in (1..).zip(table.tables(key)) {
        // A command is taken exactly as it is written, whoever runs it.
        let exact = |typed: &str| Script::from_typed(typed).map(Prose::from);
        let (text, command) = (it.required_prose("step"), it.get("command").and_then(|value| value.text(exact)));
        steps.text.extend(text.map(|text| Step { text, command }));
        steps.automation.extend(read_automation(&it).map(|automation| (n, automation)));
        it.finish();
    }
    steps
}

fn read_automation(table: &Table<'_, '_>) -> Option<Automation> {
    let (cwd, account) = (read_filled(table, "cwd"), read_filled(table, "account"));
    let command = match (table.get("args"), table.get("shell")) {
        (Some(_), Some(shell)) => {
            shell.fault(Problem::TwoCommands);
            None
        }
        (Some(_), None) => read_args(table).map(Command::Args),
        (None, Some(shell)) => shell.text(Script::from_typed).map(Command::Shell),
        (None, None) => {
            for key in ["cwd", "account"] {
                if let Some(value) = table.get(key) {
                    value.fault(Problem::NoCommand);
                }
            }
            None
        }
    };
    Some(Automation { command: command?, cwd, account })
}

/// The program and its arguments, exactly as they are written. An argument may be empty, and a program may not.
fn read_args(table: &Table<'_, '_>) -> Option<Args> {
    table.require_items("args");
    let values = table.get("args")?.items();
    let args: Vec<Argument> = values.iter().filter_map(|value| value.exact(Argument::from_typed)).collect();
    match Args::try_from(args) {
        Ok(args) => Some(args),
        Err(invalid) => {
            values.first().into_iter().for_each(|value| value.fault(invalid.clone()));
            None
        }
    }
}

/// A value that is taken exactly as it is written; `None` if it is absent, and a fault if it is empty.
fn read_filled(table: &Table<'_, '_>, key: &'static str) -> Option<Argument> {
    let value = table.get(key)?;
    let read = value.exact(Argument::from_typed)?;
    if read.as_str().is_empty() {
        value.fault(Invalid::Empty);
        return None;
    }
    Some(read)
}
