//! The command line: the tree of commands and their dispatch.

mod chinese;
mod dry_run;
mod language;
mod replica;
mod shape;
mod usage;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::account::{config, home, join, trusted, whoami};
use crate::commands::action;
use crate::commands::audit;
use crate::commands::breakglass;
use crate::commands::calendar::{self, slots};
use crate::commands::change::{
    approve, check, close, confirm, draft, drafts, file, finish, note, reject, retract, review, revise, start, withdraw,
};
use crate::commands::deviation;
use crate::commands::freeze;
use crate::commands::govern::{found, init, policy, proposal, seal};
use crate::commands::look::{checkpoint, diff, export, inbox, list, log, show};
use crate::commands::people::{key, person};
use crate::commands::service;
use crate::commands::shell::{complete, setup};
use crate::commands::template;
use crate::commands::upkeep::{backup, doctor, rebuild, recover, register, repair, restore, verify};
use crate::commands::{Context, Options, Zh, evidence, gate, help, notify, report_dry_run};
use crate::config::Config;
use crate::env::Env;
use crate::error::{Error, EvidenceError, Exit, NotifyError};
use crate::lang::{Lang, lang, within};
use crate::output::{Clock, folded_help, safe, safe_json, safe_lines};
use crate::{tr, trf};

pub use dry_run::{RECORDING, RECORDING_IF_ASKED};
pub use replica::READING;

/// A change register with two-person control.
///
/// A change can start only after two other people have signed that exact revision with their own keys. Every act is an
/// entry in one signed log that anybody can verify.
#[derive(Debug, Parser)]
#[command(name = "twinseal", version, disable_help_subcommand = true)]
#[command(zh("需要双人复核的变更台账"))]
#[command(zh_long(
    "变更单须由另外两人用各自的密钥签署该修订后才能开始实施。每项操作都是一份签名日志中的一条，任何人都可核验。"
))]
#[command(after_help = tr!(
    "Exit codes:
  0  success
  1  refused by a rule, or not confirmed; gate closed; freeze closed
  2  usage error or invalid input
  3  broken or unexpected register
  4  environment: files, locks, disks, agents, versions

Topics: twinseal help exit-codes, format, keys, policy, terminal, times",
    "退出码：
  0  成功
  1  被规则拒绝，或未确认；门禁关闭；处于封网
  2  用法错误或输入无效
  3  变更台账损坏或与预期不符
  4  环境：文件、锁、磁盘、代理、版本

主题：twinseal help exit-codes、format、keys、policy、terminal、times"
))]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Draft(draft::Draft),
    Drafts(drafts::Drafts),
    Check(check::Check),
    File(file::File),
    Revise(revise::Revise),
    Withdraw(withdraw::Withdraw),
    Inbox(inbox::Inbox),
    List(list::List),
    Show(show::Show),
    Diff(diff::Diff),
    Approve(approve::Approve),
    Reject(reject::Reject),
    Retract(retract::Retract),
    Start(start::Start),
    Finish(finish::Finish),
    Confirm(confirm::Confirm),
    Review(review::Review),
    Close(close::Close),
    #[command(subcommand)]
    Action(action::Action),
    Note(note::Note),
    Gate(gate::Gate),
    #[command(subcommand, name = "breakglass")]
    BreakGlass(breakglass::BreakGlass),
    #[command(subcommand)]
    Deviation(deviation::Deviation),
    Log(log::Log),
    Verify(verify::Verify),
    Checkpoint(checkpoint::CheckpointArgs),
    Rebuild(rebuild::Rebuild),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Recover(recover::Recover),
    Repair(repair::Repair),
    Doctor(doctor::Doctor),
    #[command(subcommand)]
    Register(register::Register),
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    #[command(subcommand)]
    Export(export::Export),
    #[command(subcommand)]
    Audit(audit::Audit),
    Found(found::Found),
    Init(init::Init),
    Seal(seal::Seal),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Person(person::Person),
    #[command(subcommand)]
    Proposal(proposal::Proposal),
    #[command(subcommand)]
    Policy(policy::Policy),
    #[command(subcommand)]
    Freeze(freeze::Freeze),
    Calendar(calendar::Calendar),
    #[command(subcommand)]
    Service(service::Service),
    #[command(subcommand)]
    Template(template::Template),
    Slots(slots::Slots),
    #[command(subcommand)]
    Notify(notify::Notify),
    Whoami(whoami::Whoami),
    Join(join::Join),
    Config(config::Config),
    Registers(trusted::Registers),
    SetupShell(setup::SetupShell),
    Complete(complete::Complete),
    Help(help::Help),
}

fn dispatch(command: Command, context: &mut Context<'_>) -> Result<(), Error> {
    match command {
        Command::Draft(it) => it.run(context),
        Command::Drafts(it) => it.run(context),
        Command::Check(it) => it.run(context),
        Command::File(it) => it.run(context),
        Command::Revise(it) => it.run(context),
        Command::Withdraw(it) => it.run(context),
        Command::Inbox(it) => it.run(context),
        Command::List(it) => it.run(context),
        Command::Show(it) => it.run(context),
        Command::Diff(it) => it.run(context),
        Command::Approve(it) => it.run(context),
        Command::Reject(it) => it.run(context),
        Command::Retract(it) => it.run(context),
        Command::Start(it) => it.run(context),
        Command::Finish(it) => it.run(context),
        Command::Confirm(it) => it.run(context),
        Command::Review(it) => it.run(context),
        Command::Close(it) => it.run(context),
        Command::Action(it) => it.run(context),
        Command::Note(it) => it.run(context),
        Command::Gate(it) => it.run(context),
        Command::BreakGlass(it) => it.run(context),
        Command::Deviation(it) => it.run(context),
        Command::Log(it) => it.run(context),
        Command::Verify(it) => it.run(context),
        Command::Checkpoint(it) => it.run(context),
        Command::Rebuild(it) => it.run(context),
        Command::Backup(it) => it.run(context),
        Command::Restore(it) => it.run(context),
        Command::Recover(it) => it.run(context),
        Command::Repair(it) => it.run(context),
        Command::Doctor(it) => it.run(context),
        Command::Register(it) => it.run(context),
        Command::Evidence(it) => it.run(context),
        Command::Export(it) => it.run(context),
        Command::Audit(it) => it.run(context),
        Command::Found(it) => it.run(context),
        Command::Init(it) => it.run(context),
        Command::Seal(it) => it.run(context),
        Command::Key(it) => it.run(context),
        Command::Person(it) => it.run(context),
        Command::Proposal(it) => it.run(context),
        Command::Policy(it) => it.run(context),
        Command::Freeze(it) => it.run(context),
        Command::Calendar(it) => it.run(context),
        Command::Service(it) => it.run(context),
        Command::Template(it) => it.run(context),
        Command::Slots(it) => it.run(context),
        Command::Notify(it) => it.run(context),
        Command::Whoami(it) => it.run(context),
        Command::Join(it) => it.run(context),
        Command::Config(it) => it.run(context),
        Command::Registers(it) => it.run(context),
        Command::SetupShell(it) => it.run(context, program),
        Command::Complete(it) => it.run(context, program()),
        Command::Help(it) => it.run(context, chinese::unbroken(program())),
    }
}

/// Runs a command line, program name first, and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, env: &mut Env) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    match language::choose(&args, env) {
        Ok(lang) => within(lang, || run_in(args, env)),
        Err(unknown) => report(env, &unknown.into(), false, &Clock::utc(env.now())),
    }
}

/// Runs a command line in the language of this thread.
fn run_in(args: Vec<OsString>, env: &mut Env) -> Exit {
    env.interrupt.speak_as_here();
    let parsed = chinese::unbroken(program()).try_get_matches_from(&args).and_then(|it| Cli::from_arg_matches(&it));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(usage) => {
            let json = language::asks_for_json(&args);
            let only_help = usage.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !json;
            if only_help || !usage.use_stderr() {
                return print_help(env, &usage);
            }
            // clap does not say which argument it means.
            let not_utf8 = args.iter().find(|word| usage.kind() == ErrorKind::InvalidUtf8 && word.to_str().is_none());
            if let Some(word) = not_utf8 {
                return report(
                    env,
                    &Error::NotUtf8(trf!("the argument {word:?}", "参数 {word:?}")),
                    json,
                    &Clock::utc(env.now()),
                );
            }
            return report(env, &usage::explain(&usage, &args, program()).into(), json, &Clock::utc(env.now()));
        }
    };
    let json = cli.options.json;
    let Cli { options, command } = cli;
    options.apply(env);
    let (mut clock, mut broken) = (Clock::utc(env.now()), false);
    let done = configuration(env, command.as_ref()).and_then(|config| {
        let mut context = Context::new(env, options, config)?;
        clock = context.clock();
        if context.options.dry_run {
            dry_run::check(&args)?;
        }
        if context.options.replica {
            replica::check(&args)?;
        }
        let run = match command {
            None => home::home(&mut context),
            Some(command) => dispatch(command, &mut context),
        };
        let done = match run {
            Err(Error::WouldRecord(entry)) => report_dry_run(&mut context, &entry),
            done => done,
        };
        broken = context.ui.broken;
        done.inspect_err(|error| context.discard_damaged(error))?;
        Ok(context.env.out.flush()?)
    });
    match done {
        // An answer from the valid part of a broken log is no whole answer.
        Ok(()) if broken => Exit::Broken,
        Ok(()) => Exit::Done,
        // The reader closed the pipe, as `head` does: no error.
        Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe && broken => Exit::Broken,
        Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => report(env, &error, json, &clock),
    }
}

/// The settings of `config.toml`; none if the command repairs an invalid file.
fn configuration(env: &Env, command: Option<&Command>) -> Result<Config, Error> {
    if !env.has_home() {
        return Err(Error::NoHome);
    }
    match Config::load(env) {
        Err(_) if matches!(command, Some(Command::Config(it)) if it.repairs()) => Ok(Config::default()),
        config => Ok(config?),
    }
}

/// Prints an error and its hint, and returns its exit code.
fn report(env: &mut Env, error: &Error, json: bool, clock: &Clock) -> Exit {
    // `verify`, `doctor`, `gate`, `freeze check` and `notify run` have printed their answers already.
    let answered = matches!(
        error,
        Error::Findings { .. }
            | Error::Unwell { .. }
            | Error::GateClosed { .. }
            | Error::Closed(_)
            | Error::Evidence(EvidenceError::NotProven(_))
            | Error::Notify(NotifyError::Undelivered(_))
    );
    if json && !answered {
        // If standard output fails, the message on standard error still reports the error.
        let _ = env.print(safe_json(&error.json())).and_then(|()| env.out.flush());
    }
    // Only faults of a file span lines. Elsewhere a newline is part of a hostile value and is escaped.
    let (text, has_lines) = error.on_screen(env.err_width);
    // Only a rule's sentence has times of its own; another error repeats what was typed.
    let text = if matches!(error, Error::Refused(_) | Error::RefusedOnRecord { .. } | Error::GateClosed { .. }) {
        clock.local(&text)
    } else {
        text
    };
    let text = if has_lines { safe_lines(&text) } else { safe(&text).into_owned() };
    env.status(trf!("error: {text}", "错误：{text}"));
    if let Some(hint) = error.hint() {
        let hint = safe(&hint);
        env.status(trf!("hint: {hint}", "提示：{hint}"));
    }
    error.exit()
}

/// Prints the help, or the version, that was asked for; and the help of a group of commands of which none was named.
fn print_help(env: &mut Env, help: &clap::Error) -> Exit {
    let text = help.render();
    let asked = !help.use_stderr();
    let colour = if asked { env.colour } else { env.err_colour };
    let text = if colour { text.ansi().to_string() } else { text.to_string() };
    let width = if asked { env.width } else { env.err_width };
    let text = if lang() == Lang::Zh { folded_help(&text, width) } else { text };
    let _ = write!(if asked { &mut env.out } else { &mut env.err }, "{text}");
    if asked { Exit::Done } else { Exit::Invalid }
}

/// The tree of commands, with the layout of its help.
pub fn program() -> clap::Command {
    shape::lay_out(Cli::command())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::measure;

    /// Every argument of a command and its subcommands.
    fn check(command: &clap::Command) {
        for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
            let id = argument.get_id().as_str();
            assert!(!id.starts_with("global-"), "{}: {id}", command.get_name());
        }
        command.get_subcommands().for_each(check);
    }

    /// A command and its subcommands, with their full names.
    fn commands(command: &clap::Command, above: &str, all: &mut Vec<(String, clap::Command)>) {
        let name = format!("{above} {}", command.get_name()).trim().to_owned();
        command.get_subcommands().for_each(|it| commands(it, &name, all));
        all.push((name, command.clone()));
    }

    #[test]
    fn help_begins_with_one_short_phrase_and_options_are_phrases() {
        let mut all = Vec::new();
        commands(&Cli::command(), "", &mut all);
        assert!(all.len() > 40, "{}", all.len());
        for (name, command) in all.iter().filter(|(name, _)| name != "twinseal") {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let phrase = about.len() < 70 && !about.contains(':') && !about.ends_with('.');
            assert!(phrase && about.starts_with(char::is_uppercase), "{name}: {about:?}");
            for argument in command.get_arguments().filter(|it| !it.is_global_set()) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty() && !help.ends_with('.'), "{name} {}: {help:?}", argument.get_id());
            }
        }
    }

    #[test]
    fn every_chinese_help_fits_the_terminal() {
        let mut all = Vec::new();
        within(Lang::Zh, || {
            let mut program = chinese::unbroken(program());
            program.build();
            commands(&program, "", &mut all);
        });
        for (name, command) in &mut all {
            for help in [command.render_help(), command.render_long_help()] {
                for width in [80, 100] {
                    let help = folded_help(&help.to_string(), Some(width));
                    for line in help.lines() {
                        assert!(measure(line) <= width.into(), "{name}: {width}: {line}\n{help}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_help_is_without_its_chinese() {
        let chinese = |text: &str| text.contains(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
        let (mut all, mut missing) = (Vec::new(), Vec::new());
        within(crate::lang::Lang::Zh, || commands(&program(), "", &mut all));
        for (name, command) in &all {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let more = command.get_long_about().map(ToString::to_string);
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines = [Some(about), more, Some(after).filter(|it| it.contains("Examples:"))];
            missing.extend(lines.into_iter().flatten().filter(|it| !chinese(it)).map(|it| format!("{name}: {it}")));
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let long = argument.get_long_help().map(ToString::to_string);
                let texts = [Some(help), long].into_iter().flatten().filter(|it| !chinese(it));
                missing.extend(texts.map(|it| format!("{name} {}: {it}", argument.get_id())));
            }
        }
        assert!(missing.is_empty(), "{} without Chinese\n{}", missing.len(), missing.join("\n"));
    }

    #[test]
    fn every_command_that_takes_arguments_has_examples_in_its_help() {
        let mut all = Vec::new();
        commands(&Cli::command(), "", &mut all);
        let group = |it: &clap::Command| it.get_subcommands().next().is_some();
        for (name, command) in all.iter().filter(|(_, command)| !group(command)) {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let own = command.get_arguments().any(|it| !it.is_global_set());
            let typed: Vec<&str> = examples.lines().filter(|line| line.starts_with("  ")).collect();
            assert!(!own || typed.iter().any(|line| line.contains("twinseal ")), "{name} has no examples: {typed:?}");
        }
    }

    #[test]
    fn no_argument_is_mixed_up_with_a_global_one() {
        let command = Cli::command();
        assert!(
            command
                .get_arguments()
                .filter(|it| it.is_global_set())
                .all(|it| it.get_id().as_str().starts_with("global-"))
        );
        check(&command);
        command.debug_assert();
    }
}
