//! What clap writes of its own in a help, in Chinese. The texts of the commands stand beside the English ones.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

use crate::lang::{Lang, lang};
use crate::output::NO_BREAK;

/// Gives a command and its arguments Chinese headings and remarks, if this is the language of the reader.
pub fn translate(command: Command) -> Command {
    if lang() == Lang::En {
        return command;
    }
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    let help = help.help("显示帮助；-h 只显示概要").help_heading("选项");
    let examples = command.get_after_help().map(|it| it.ansi().to_string().replacen("Examples:", "示例：", 1));
    // Below a heading of its own, clap sorts the arguments by their names.
    let mut places = 0..;
    let command = command.mut_args(|it| argument(it).display_order(places.next().unwrap_or_default()));
    let command = command.disable_help_flag(true).arg(help).subcommand_help_heading("命令");
    let command = if command.get_version().is_some() {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        command.disable_version_flag(true).arg(version.help("显示版本").help_heading("选项"))
    } else {
        command
    };
    match examples {
        Some(examples) => command.after_help(examples),
        None => command,
    }
}

/// Keeps clap from breaking the lines of a Chinese help, which it would do at spaces only. `folded_help` breaks them.
pub fn unbroken(command: Command) -> Command {
    if lang() == Lang::En {
        return command;
    }
    let kept = |text: &StyledStr| text.to_string().replace(' ', NO_BREAK);
    let (about, long) = (command.get_about().map(kept), command.get_long_about().map(kept));
    let after = command.get_after_help().map(kept);
    let command = command.mut_subcommands(unbroken).mut_args(|it| {
        let (help, long) = (it.get_help().map(kept), it.get_long_help().map(kept));
        let it = help.into_iter().fold(it, Arg::help);
        long.into_iter().fold(it, Arg::long_help)
    });
    let command = about.into_iter().fold(command, Command::about);
    let command = long.into_iter().fold(command, Command::long_about);
    after.into_iter().fold(command, Command::after_help)
}

/// An argument with a Chinese heading, and with its default and its values in Chinese brackets.
fn argument(it: Arg) -> Arg {
    let heading = match it.get_help_heading() {
        Some("Global options") => "全局选项",
        Some(_) => "选项",
        None if it.is_positional() => "参数",
        None => "选项",
    };
    let it = it.help_heading(heading);
    if !it.get_action().takes_values() {
        return it;
    }
    let values: Vec<String> = it.get_possible_values().iter().map(|it| it.get_name().to_owned()).collect();
    let values = Some(values.join(", ")).filter(|it| !it.is_empty());
    let values = values.filter(|_| !it.is_hide_possible_values_set()).map(|it| format!("[可选值：{it}]"));
    let defaults: Vec<_> = it.get_default_values().iter().map(|it| it.to_string_lossy()).collect();
    let default = Some(defaults.join(" ")).filter(|it| !it.is_empty()).map(|it| format!("[默认：{it}]"));
    let more: Vec<String> = default.into_iter().chain(values).collect();
    let it = it.hide_default_value(true).hide_possible_values(true);
    match it.get_help().map(ToString::to_string) {
        Some(help) if !more.is_empty() => it.help(format!("{help} {}", more.join(" "))),
        _ => it,
    }
}
