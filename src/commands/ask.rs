//! Questions on a terminal that are asked again until the answer is valid.

use super::Context;
use crate::env::Env;
use crate::error::Error;
use crate::output::{safe, safe_lines};
use crate::{tr, trf};

/// How often a question without an answer is asked: at the end of the input every answer is empty.
const UNANSWERED: usize = 3;

/// How often a question is asked that must be answered with yes or no.
const UNDECIDED: usize = 3;

/// What counts as a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Yes {
    /// `y` too, in any case.
    Short,
    /// `yes` only, where a wrong answer cannot be taken back.
    InFull,
}

/// Asks a question that is answered with yes or no, again after another answer. Nothing is a no, and so is the third
/// other answer.
///
/// # Errors
/// The terminal fails.
pub fn yes_or_no(env: &mut Env, question: &str, yes: Yes) -> Result<bool, Error> {
    let (form, words) = match yes {
        Yes::Short => ("[y/n]", tr!("y or n", "y 或 n")),
        Yes::InFull => ("[yes/no]", tr!("yes or no", "yes 或 no")),
    };
    let mut asked = trf!("{question} {form}:", "{question} {form}：");
    for _ in 0..UNDECIDED {
        let answer = env.ask(&asked)?;
        match (answer.to_ascii_lowercase().as_str(), yes) {
            ("", _) | ("n" | "no", _) => return Ok(false),
            ("y" | "yes", Yes::Short) => return Ok(true),
            _ if answer == "yes" => return Ok(true),
            _ => {
                let question = question.trim_start();
                asked = trf!("Type {words}. {question} {form}:", "请输入 {words}。{question} {form}：");
            }
        }
    }
    Ok(false)
}

/// Asks until `read` accepts the answer; an empty one means the default.
///
/// # Errors
/// The error of `read` if nothing was typed three times, or the terminal fails.
pub fn ask<T>(
    context: &mut Context<'_>,
    question: &str,
    default: &str,
    mut read: impl FnMut(&mut Context<'_>, &str) -> Result<T, Error>,
) -> Result<T, Error> {
    let question = match safe(default) {
        default if default.is_empty() => trf!("{question}:", "{question}："),
        default => trf!("{question} (Enter for {default}):", "{question}（回车为 {default}）："),
    };
    let mut unanswered = 0;
    loop {
        let typed = context.env.ask(&question)?;
        unanswered = if typed.is_empty() { unanswered + 1 } else { 0 };
        match read(context, if typed.is_empty() { default } else { &typed }) {
            Err(error) if unanswered >= UNANSWERED => return Err(error),
            Err(error) => {
                let why = error.to_string();
                let why = safe_lines(&why);
                context.env.status(trf!("error: {why}", "错误：{why}"));
                if let Some(hint) = error.hint() {
                    let hint = safe(&hint);
                    context.env.status(trf!("hint: {hint}", "提示：{hint}"));
                }
            }
            valid => return valid,
        }
    }
}
