//! Tips for options that do not exist. clap compares with every option, also those of all commands, and names the
//! likest however unlike it is.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::input::nearest;

/// Suggests the option of the command itself, or one of those of all commands, that is similar to the given one; none if
/// none is.
pub fn suggest(usage: &mut clap::Error, words: &[String]) {
    let Some(ContextValue::String(given)) = usage.get(ContextKind::InvalidArg) else { return };
    let Some(given) = given.strip_prefix("--").filter(|_| usage.kind() == ErrorKind::UnknownArgument) else { return };
    let mut command = Cli::command();
    command.build();
    for word in words.iter().skip(1) {
        command = command.find_subcommand(word).cloned().unwrap_or(command);
    }
    let options = |global: bool| {
        let these = command.get_arguments().filter(move |it| it.is_global_set() == global);
        these.filter_map(|it| it.get_long())
    };
    // Most of those of all commands are short: another beginning is another word.
    let alike = |near: &String| near.chars().next() == given.chars().next();
    let near = nearest(given, options(false)).or_else(|| nearest(given, options(true)).filter(alike));
    match near {
        Some(near) => _ = usage.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{near}"))),
        None => _ = usage.remove(ContextKind::SuggestedArg),
    }
    usage.remove(ContextKind::Suggested);
    usage.insert(ContextKind::Usage, ContextValue::StyledStr(command.render_usage()));
}
