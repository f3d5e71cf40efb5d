//! Errors in the use of the command line, in the words of all other errors.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use crate::error::UsageError;
use crate::input::nearest;
use crate::lang::Lang;
use crate::{tr, trf};

/// What clap found wrong, and what to type instead.
pub fn explain(found: &Error, args: &[OsString], mut program: Command) -> UsageError {
    // The options of all commands are known to each only then.
    program.build();
    let usage = text(found, ContextKind::Usage).unwrap_or_default();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    // clap gives no usage for an invalid value.
    let words: Vec<&str> = match usage.as_str() {
        "" => args.iter().filter_map(|it| it.to_str()).filter(|it| !it.starts_with('-')).collect(),
        usage => usage.split_whitespace().collect(),
    };
    let (command, path) = named(&program, &words);
    let usage = Usage { found, usage, command, path };
    UsageError { message: usage.message(), hint: usage.hint() }
}

/// The command that words begin with, the program first, and how it is typed.
fn named<'p>(program: &'p Command, words: &[&str]) -> (&'p Command, String) {
    let (mut command, mut path) = (program, program.get_name().to_owned());
    for word in words.iter().skip(1) {
        let Some(below) = command.find_subcommand(word) else { break };
        command = below;
        path = format!("{path} {word}");
    }
    (command, path)
}

struct Usage<'f> {
    found: &'f Error,
    /// What clap expects: `twinseal person grant [OPTIONS] <PERSON>`.
    usage: String,
    /// The command that the line is about.
    command: &'f Command,
    /// How it is typed.
    path: String,
}

impl Usage<'_> {
    fn message(&self) -> String {
        let argument = text(self.found, ContextKind::InvalidArg).unwrap_or_default();
        let option = argument.split([' ', '=']).next().unwrap_or_default();
        let value = text(self.found, ContextKind::InvalidValue).unwrap_or_default();
        match self.found.kind() {
            ErrorKind::UnknownArgument if argument.starts_with('-') => {
                trf!("unknown option {argument}", "未知选项 {argument}")
            }
            ErrorKind::UnknownArgument => trf!("unexpected argument {argument:?}", "多余的参数 {argument:?}"),
            ErrorKind::InvalidSubcommand => {
                let given = text(self.found, ContextKind::InvalidSubcommand).unwrap_or_default();
                trf!("unknown command {given:?}", "未知命令 {given:?}")
            }
            ErrorKind::InvalidValue if value.is_empty() => trf!("{option} needs a value", "{option} 需要一个值"),
            ErrorKind::InvalidValue => {
                let possible = list(self.found, ContextKind::ValidValue).join(tr!(", ", "、"));
                trf!("{}: {value:?} is none of {possible}", "{}：{value:?} 不是可选值之一：{possible}", name(option))
            }
            ErrorKind::ValueValidation => {
                let why = std::error::Error::source(self.found).map(ToString::to_string).unwrap_or_default();
                let why =
                    if why.starts_with("invalid digit") { tr!("not a whole number", "不是整数") } else { &why };
                trf!("{}: {value:?}: {why}", "{}：{value:?}：{why}", name(option))
            }
            ErrorKind::MissingRequiredArgument => {
                let missing = list(self.found, ContextKind::InvalidArg);
                let missing: Vec<&str> = missing.iter().map(|it| name(it)).collect();
                trf!("missing: {}", "缺少：{}", missing.join(tr!(", ", "、")))
            }
            ErrorKind::ArgumentConflict => match list(self.found, ContextKind::PriorArg).as_slice() {
                [prior] if *prior == argument => trf!("{option} is given twice", "{option} 给出了两次"),
                prior => {
                    let prior: Vec<&str> = prior.iter().filter_map(|it| it.split(' ').next()).collect();
                    trf!("{option} cannot be used with {}", "{option} 不能与 {} 同时使用", prior.join(tr!(", ", "、")))
                }
            },
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                tr!("no command given", "未给出命令").to_owned()
            }
            // clap's own words for what hardly happens.
            _ => self.found.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        }
    }

    /// A word like the one that was given, or what the command expects.
    fn hint(&self) -> String {
        let Self { usage, command, path, .. } = self;
        let near = match self.found.kind() {
            ErrorKind::UnknownArgument => self.option_like(),
            ErrorKind::InvalidSubcommand => {
                let given = text(self.found, ContextKind::InvalidSubcommand).unwrap_or_default();
                nearest(&given, command.get_subcommands().filter(|it| !it.is_hide_set()).map(Command::get_name))
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => self.value_like(),
            _ => None,
        };
        match near {
            Some(near) => trf!(
                "did you mean {near}? `{path} -h` shows what there is",
                "是否想输入 {near}？`{path} -h` 列出可用的命令和选项"
            ),
            None if self.found.kind() == ErrorKind::MissingRequiredArgument => {
                trf!("usage: `{usage}`; `{path} -h` shows more", "用法：`{usage}`；`{path} -h` 显示详细说明")
            }
            None => trf!("`{path} -h` shows what there is", "`{path} -h` 列出可用的命令和选项"),
        }
    }

    /// The word that is similar to the given one, among those that the option takes.
    fn value_like(&self) -> Option<String> {
        let given = text(self.found, ContextKind::InvalidValue)?;
        let words = match self.found.kind() {
            ErrorKind::InvalidValue => list(self.found, ContextKind::ValidValue),
            // Its words have more than one spelling, so clap does not know them.
            _ if text(self.found, ContextKind::InvalidArg)?.starts_with("--lang") => {
                [Lang::En, Lang::Zh].map(|it| it.tag().to_owned()).to_vec()
            }
            _ => return None,
        };
        nearest(&given, words.iter().map(String::as_str))
    }

    /// The option of the command itself, or one of those of all commands, that is similar to the given one. clap
    /// compares with the options of every command, and names the likest however unlike it is.
    fn option_like(&self) -> Option<String> {
        let given = text(self.found, ContextKind::InvalidArg)?;
        let given = given.strip_prefix("--")?;
        let options = |global: bool| {
            let these = self.command.get_arguments().filter(move |it| it.is_global_set() == global);
            these.filter_map(|it| it.get_long())
        };
        // Most of those of all commands are short: another beginning is another word.
        let alike = |near: &String| near.chars().next() == given.chars().next();
        let near = nearest(given, options(false)).or_else(|| nearest(given, options(true)).filter(alike))?;
        Some(format!("--{near}"))
    }
}

/// An argument without the marks of its usage: `CHANGE` for `<CHANGE>...`.
fn name(argument: &str) -> &str {
    let word = argument.trim_end_matches("...");
    if word.starts_with('-') { word } else { word.trim_matches(['<', '>', '[', ']']) }
}

fn list(found: &Error, kind: ContextKind) -> Vec<String> {
    match found.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(several)) => several.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(several)) => several.iter().map(ToString::to_string).collect(),
        Some(ContextValue::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

fn text(found: &Error, kind: ContextKind) -> Option<String> {
    list(found, kind).into_iter().next()
}
