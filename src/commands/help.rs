//! `help`: the help of a command, or a page about a topic.

use clap::{Args, Command};
use serde_json::json;

use crate::commands::Context;
use crate::error::{AccountError, Error};
use crate::input::nearest;

/// Show help for a command or a topic
///
/// Topics: exit-codes, format, keys, policy, terminal, times.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal help approve
  twinseal help person grant
  twinseal help times")]
pub struct Help {
    /// Command and its subcommands, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

/// The topics, each with its page.
pub const TOPICS: [(&str, &str); 6] = [
    ("exit-codes", include_str!("help/exit-codes.txt")),
    ("format", include_str!("help/format.txt")),
    ("keys", include_str!("help/keys.txt")),
    ("policy", include_str!("help/policy.txt")),
    ("terminal", include_str!("help/terminal.txt")),
    ("times", include_str!("help/times.txt")),
];

impl Help {
    /// # Errors
    /// [`AccountError::NoHelp`], or standard output fails.
    pub fn run(self, context: &mut Context<'_>, mut program: Command) -> Result<(), Error> {
        if let [topic] = self.words.as_slice()
            && let Some((name, page)) = TOPICS.iter().find(|(name, _)| name == topic)
        {
            return context.ui.answer(
                context.env,
                || json!({ "topic": name, "text": page }),
                || page.trim_end().to_owned(),
            );
        }
        program.build();
        let mut command = &mut program;
        for word in &self.words {
            let names: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
            let topics = TOPICS.iter().map(|(name, _)| *name).filter(|_| self.words.len() == 1);
            let near = nearest(word, names.iter().map(String::as_str).chain(topics));
            let missing = || AccountError::NoHelp { given: self.words.join(" "), near };
            command = command.find_subcommand_mut(word).ok_or_else(missing)?;
        }
        let text = command.render_long_help();
        let text = if context.env.colour { text.ansi().to_string() } else { text.to_string() };
        context.ui.answer(
            context.env,
            || json!({ "topic": self.words.join(" "), "text": text }),
            || text.trim_end().to_owned(),
        )
    }
}
