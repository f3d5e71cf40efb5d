//! The layout of the help: examples before options, and the commands by what people do.

use std::ffi::OsString;
use std::fmt::Write;

use clap::{ArgMatches, Command, CommandFactory};

use super::{Cli, chinese};
use crate::tr;

/// A group of commands, with its name in English and Chinese.
type Group = ([&'static str; 2], &'static [&'static str]);

/// The commands by what people do with them.
const GROUPS: [Group; 7] = [
    (["File changes", "提交变更"], &["file", "revise", "withdraw", "note", "slots", "draft", "check", "drafts"]),
    (["Review them", "审阅与审批"], &["inbox", "list", "show", "diff", "approve", "reject", "retract"]),
    (
        ["Carry them out", "实施变更"],
        &["start", "finish", "confirm", "review", "action", "close", "gate", "breakglass", "deviation"],
    ),
    (["Audit", "审计"], &["log", "verify", "checkpoint", "evidence", "export", "audit"]),
    (
        ["Govern the register", "治理变更台账"],
        &["found", "init", "seal", "person", "key", "proposal", "policy", "freeze", "calendar", "service", "template"],
    ),
    (["Keep its file", "维护文件"], &["backup", "restore", "recover", "repair", "rebuild", "doctor", "register"]),
    (["This account", "本账号"], &["join", "whoami", "config", "registers", "notify", "setup-shell", "help"]),
];

/// The command of a valid command line, by its words, such as `proposal second`, and its arguments.
pub fn command_of(args: &[OsString]) -> (String, ArgMatches) {
    let (mut verbs, mut matches) = (Vec::new(), Cli::command().try_get_matches_from(args).unwrap_or_default());
    while let Some((verb, below)) = matches.remove_subcommand() {
        verbs.push(verb);
        matches = below;
    }
    (verbs.join(" "), matches)
}

/// Lays out the help of the program and of every command. `-h` leaves out the global options.
pub fn lay_out(program: Command) -> Command {
    let template = overview(&program);
    let program = program.mut_args(|it| if it.is_global_set() { it.hide_short_help(true) } else { it });
    chinese::translate(program.mut_subcommands(lay_out_one).help_template(template))
}

fn lay_out_one(command: Command) -> Command {
    chinese::translate(command.help_template(template()).mut_subcommands(lay_out_one))
}

/// The help of one command.
fn template() -> String {
    format!(
        "{{before-help}}{{about-with-newline}}\n{}{{usage}}{{after-help}}\n\n{{all-args}}",
        tr!("{usage-heading} ", "用法：")
    )
}

/// The help of the program itself.
fn overview(program: &Command) -> String {
    let header = program.get_styles().get_header();
    let literal = program.get_styles().get_literal();
    let usage = tr!("{usage-heading} ", "用法：");
    let mut text = format!("{{about-with-newline}}\n{usage}{{usage}}\n");
    for ([english, chinese], names) in GROUPS {
        let heading = tr!(english, chinese);
        let _ = writeln!(text, "\n{header}{heading}{}{header:#}", tr!(":", "："));
        for name in names {
            let about = program.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {literal}{name:<11}{literal:#}  {about}");
        }
    }
    let _ = write!(text, "\n{header}{}{header:#}\n{{options}}{{after-help}}", tr!("Options:", "选项："));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let program = Cli::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut commands: Vec<&str> =
            program.get_subcommands().filter(|it| !it.is_hide_set()).map(Command::get_name).collect();
        grouped.sort_unstable();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
    }

    #[test]
    fn short_help_lists_no_global_option_and_long_help_lists_all() {
        let mut program = lay_out(Cli::command());
        program.build();
        let command = program.find_subcommand_mut("list").unwrap();
        let (short, long) = (command.render_help().to_string(), command.render_long_help().to_string());
        assert!(!short.contains("--register") && short.contains("--status"), "{short}");
        assert!(long.contains("--register") && long.contains("--no-input"), "{long}");
        let places = ["Examples:", "\nOptions:", "Global options:"].map(|it| long.find(it));
        assert!(places.is_sorted() && places[0].is_some(), "{long}");
    }
}
