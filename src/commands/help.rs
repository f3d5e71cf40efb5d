//! `help`: the help of a command, or a page about a topic.

use clap::{Args, Command};
use serde_json::json;

use crate::commands::{Context, Zh};
use crate::error::{AccountError, Error};
use crate::input::nearest;
use crate::lang::{Lang, lang};
use crate::output::folded_help;
use crate::tr;

/// Show help for a command or a topic
///
/// Topics: exit-codes, format, keys, policy, terminal, times.
#[derive(Debug, Args)]
#[command(zh("显示命令或主题的帮助"))]
#[command(zh_long("主题：exit-codes、format、keys、policy、terminal、times。"))]
#[command(after_help = "Examples:
  twinseal help approve
  twinseal help person grant
  twinseal help times")]
pub struct Help {
    /// Command and its subcommands, or a topic
    #[arg(value_name = "COMMAND|TOPIC", zh("命令及其子命令，或主题"))]
    words: Vec<String>,
}

/// A topic with its page, in English and in Chinese.
type Topic = (&'static str, [&'static str; 2]);

/// The topics.
pub const TOPICS: [Topic; 6] = [
    ("exit-codes", [include_str!("help/exit-codes.txt"), include_str!("help/exit-codes.zh.txt")]),
    ("format", [include_str!("help/format.txt"), include_str!("help/format.zh.txt")]),
    ("keys", [include_str!("help/keys.txt"), include_str!("help/keys.zh.txt")]),
    ("policy", [include_str!("help/policy.txt"), include_str!("help/policy.zh.txt")]),
    ("terminal", [include_str!("help/terminal.txt"), include_str!("help/terminal.zh.txt")]),
    ("times", [include_str!("help/times.txt"), include_str!("help/times.zh.txt")]),
];

impl Help {
    /// # Errors
    /// [`AccountError::NoHelp`], or standard output fails.
    pub fn run(self, context: &mut Context<'_>, mut program: Command) -> Result<(), Error> {
        if let [topic] = self.words.as_slice()
            && let Some((name, [english, chinese])) = TOPICS.iter().find(|(name, _)| name == topic)
        {
            let page = tr!(english, chinese);
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
        let text = if lang() == Lang::Zh { folded_help(&text, context.env.width) } else { text };
        context.ui.answer(
            context.env,
            || json!({ "topic": self.words.join(" "), "text": text }),
            || text.trim_end().to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_pages_of_a_topic_have_the_same_commands_options_and_codes() {
        // What is typed stands between backticks, or is of ASCII at the beginning of a line of a list.
        let typed = |page: &str| -> BTreeSet<String> {
            let quoted =
                page.split('`').skip(1).step_by(2).map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
            let listed = page.lines().filter_map(|line| line.strip_prefix("  ")).filter(|it| !it.starts_with(' '));
            let listed = listed.filter_map(|line| line.split("  ").next()).filter(|it| it.is_ascii());
            quoted.chain(listed.map(str::to_owned)).collect()
        };
        for (name, [english, chinese]) in TOPICS {
            assert_eq!(typed(english), typed(chinese), "{name}");
            assert!(english.lines().count() >= chinese.lines().count(), "{name}: a page of its own");
        }
        let codes = TOPICS.iter().find(|(name, _)| *name == "exit-codes").map(|(_, [english, _])| typed(english));
        assert!(
            ["0", "1", "2", "3", "4", "130"].iter().all(|code| codes.as_ref().is_some_and(|it| it.contains(*code)))
        );
    }
}
