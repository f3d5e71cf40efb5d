//! Questions on a terminal that are asked again until the answer is valid.

use super::Context;
use crate::error::Error;
use crate::output::{safe, safe_lines};

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
    let enter = if default.is_empty() { String::new() } else { format!(" (Enter for {})", safe(default)) };
    let question = format!("{question}{enter}:");
    let mut unanswered = 0;
    loop {
        let typed = context.env.console.ask(&question)?;
        unanswered = if typed.is_empty() { unanswered + 1 } else { 0 };
        match read(context, if typed.is_empty() { default } else { &typed }) {
            Err(error) if unanswered >= UNANSWERED => return Err(error),
            Err(error) => {
                context.env.status(format_args!("error: {}", safe_lines(&error.to_string())));
                if let Some(hint) = error.hint() {
                    context.env.status(format_args!("hint: {}", safe(&hint)));
                }
            }
            valid => return valid,
        }
    }
}
