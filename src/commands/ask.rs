//! Questions on a terminal that are asked again until the answer is valid.

use super::Context;
use crate::error::Error;
use crate::output::{safe, safe_lines};
use crate::trf;

/// How often a question without an answer is asked: at the end of the input every answer is empty.
const UNANSWERED: usize = 3;

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
        let typed = context.env.console.ask(&question)?;
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
