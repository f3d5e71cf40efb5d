//! `help`: the help of a command, or a page about a topic.

use clap::{Args, Command};
use serde_json::json;

use crate::commands::Context;
use crate::error::{AccountError, Error};
use crate::input::nearest;

/// Show help for a command or a topic
///
/// Topics: exit-codes, format, keys, policy, times.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal help approve
  twinseal help person grant
  twinseal help times")]
pub struct Help {
    /// Command with its nouns, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

const TOPICS: [(&str, &str); 5] = [
    (
        "exit-codes",
        "Exit codes

  0  success; gate open; no freeze closed
  1  refused by a rule, or not confirmed; gate closed; freeze closed
  2  usage error or invalid input; nothing was recorded
  3  broken or unexpected register: tell the admins, and run `twinseal verify`
  4  environment: files, locks, disks, agents, versions

A script goes on only after 0. With --json, the error is on standard output, with the same code.",
    ),
    (
        "format",
        "Format of the log

An entry is signed text: lines `key value`, an empty line, and a signature line. `twinseal log --raw --seq N` prints the
exact bytes. The signature is one of OpenSSH (SSHSIG, Ed25519), so `ssh-keygen -Y verify` checks it. Each entry names the
leaf hash of the one before it: SHA-256 over a zero byte and the bytes that --raw prints.

What people wrote is in the text part, which a proposal can redact. The body has its hash, so signatures stay valid.
The whole format, with every rule: docs/format.md in the source.",
    ),
    (
        "keys",
        "Keys

You sign with an OpenSSH Ed25519 key, which twinseal looks for in this order:

  1  --key FILE, TWINSEAL_KEY, or `key` in config.toml: a private key, or the public key of one in an ssh-agent
  2  ~/.ssh/id_ed25519
  3  the only key in the ssh-agent that is enrolled in the register

A passphrase is asked for on the terminal, or read from --passphrase-file. It never comes from an option or a variable.
`twinseal key new` makes a key, `twinseal whoami` shows which one is used, and an admin enrols it by a request:
`twinseal person request`. If a key is lost or stolen: `twinseal key revoke`, or any admin: `twinseal key suspend`.",
    ),
    (
        "policy",
        "Policy

Two approvals of the current revision, by two people who did not request, write, own or implement the change, are always
needed. The policy can ask for more: of certain groups, for certain kinds, risks, tags, services and environments.

  twinseal policy show       the policy in force
  twinseal policy explain    the same in sentences, and who could approve
  twinseal policy draft      a commented file to begin with
  twinseal policy check      every fault of a file
  twinseal policy propose    one admin proposes it, another one seconds it: `twinseal proposal second`

The policy in force when a change starts decides.",
    ),
    (
        "times",
        "Times

Options take times in these forms. Without an offset they are read in the zone of --zone, of `zone` in config.toml, or of
TZ; without any of these, twinseal asks for one.

  2026-12-05T20:00:00+08:00    with an offset; Z is UTC
  2026-12-05 20:00             in your zone
  2026-12-05, tomorrow, sat    the first second of that day
  sat 20:00, tomorrow 20:00    a day with a time
  20:00                        today
  now                          this second

A day of the week is the next one where you plan, and the last one where you look back (`log --since`, `--as-of`). What
could mean two times is refused, and so is an hour that clocks skip or show twice. Lengths: 90m, 2h, 4h30m.",
    ),
];

impl Help {
    /// # Errors
    /// [`AccountError::NoHelp`], or standard output fails.
    pub fn run(self, context: &mut Context<'_>, mut program: Command) -> Result<(), Error> {
        if let [topic] = self.words.as_slice()
            && let Some((name, page)) = TOPICS.iter().find(|(name, _)| name == topic)
        {
            return context.ui.answer(context.env, || json!({ "topic": name, "text": page }), || (*page).to_owned());
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
