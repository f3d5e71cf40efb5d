//! Runs a transcript and returns it with the screens of this run.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process;

use super::by_ssh::BySsh;
use super::closing;
use super::source::{Command, Expected, Piece, pieces};
use crate::support::{World, words};
use twinseal::domain::Time;

/// A transcript with this sentence begins with a founded register.
pub const FOUNDED: &str = "The register `prod` is set up";

/// The result of a command.
struct Played {
    code: i32,
    screen: String,
    /// The rule that refused it.
    rule: Option<String>,
    /// Standard error.
    message: String,
    /// A question without an answer, or an unused answer.
    fault: Option<String>,
}

impl Played {
    fn reason(&self) -> &str {
        self.rule.as_deref().or(self.message.lines().next()).unwrap_or_default()
    }

    fn is_because(&self, why: &str) -> bool {
        self.rule.as_deref().map_or_else(|| self.message.contains(why), |rule| rule == why)
    }
}

/// The transcript with the screens of this run.
///
/// # Errors
/// The line of the first command that does not end as expected, and how it ended; or a false closing sentence.
pub fn replay(text: &str) -> Result<String, String> {
    let world = if text.contains(FOUNDED) { World::founded() } else { World::empty() };
    copy(Path::new("examples"), &world.path(""));
    let ssh = if text.contains("$ ssh ") { BySsh::start(&world) } else { None };
    let (mut written, mut renamed) = (String::new(), HashMap::new());
    for piece in pieces(text)? {
        match piece {
            Piece::Prose(line) => {
                line.split('`').skip(1).step_by(2).filter(|it| it.parse::<Time>().is_ok()).for_each(|it| world.at(it));
                written.extend([line, "\n"]);
            }
            Piece::Command(command) => {
                let words = rename(command.words, &renamed);
                let played = match words.strip_prefix("ssh ") {
                    Some(line) => of_process(&ssh.as_ref().expect("an sshd").play(&world, line), &world),
                    None => play(&world, &command, &words),
                };
                judge(&command, &played)?;
                learn(&command.shown.join("\n"), &played.screen, &mut renamed);
                written.extend([&*rename(command.line, &renamed), "\n", &played.screen]);
                written.extend(command.expected.line.map(|line| format!("{line}\n")));
                written.push_str(&"\n".repeat(command.gap));
            }
        }
    }
    closing::check(text, &world)?;
    Ok(written)
}

/// Compares the result of a command with the expectation in the source.
fn judge(command: &Command<'_>, played: &Played) -> Result<(), String> {
    let Expected { code, why, .. } = command.expected;
    let fault = if let Some(fault) = &played.fault {
        fault.clone()
    } else if played.code != code {
        format!("exit code {}, but the source expects {code}", played.code)
    } else if code != 0 && why.is_none() && command.words.starts_with("twinseal ") {
        format!("the source must say why: (exit code {code}: {})", played.reason())
    } else if let Some(why) = why.filter(|why| !played.is_because(why)) {
        format!("it failed for another reason: {}; but the source says {why}", played.reason())
    } else {
        return Ok(());
    };
    Err(format!("{}: {}\n{fault}\n{}", command.number, command.line, played.screen))
}

fn play(world: &World, command: &Command<'_>, line: &str) -> Played {
    fs::create_dir_all(world.path(&format!("people/{}", command.person))).unwrap();
    let Some(line) = line.strip_prefix("twinseal ") else {
        let done = process::Command::new("sh").args(["-c", line]).current_dir(world.path("")).output().unwrap();
        return of_process(&done, world);
    };
    let (line, into) = line.rsplit_once(" > ").map_or((line, None), |(line, into)| (line, Some(into)));
    let mut words = words(line);
    if command.expected.code == 1 {
        // Only the JSON error names the rule; standard error is the same with and without --json.
        words.push("--json".to_owned());
    }
    let output = world.run_words(command.person, &words, Some(&command.typing));
    let json = serde_json::from_str::<serde_json::Value>(&output.out).ok().filter(|it| it["error"].is_object());
    // The error document is not what people see; questions and answers are.
    let shown = output.screen.lines().filter(|line| json.is_none() || !line.starts_with("{\"error\":"));
    let mut screen: String = shown.map(|line| format!("{line}\n")).collect();
    if let Some(into) = into {
        world.write(into, &output.out);
        screen = output.err.clone();
    }
    let rule = json.and_then(|it| it["error"]["rule"].as_str().map(str::to_owned));
    let fault = match (output.unanswered.first(), output.unasked.first()) {
        (Some(question), _) => Some(format!("no answer to: {}", question.trim())),
        (None, Some(answer)) => Some(format!("nothing asks for the answer {answer}")),
        (None, None) => None,
    };
    let screen = screen.replace(&world.path("").display().to_string(), "/srv/");
    Played { code: output.exit as i32, screen, rule, message: output.err, fault }
}

/// What another program printed, standard output first.
fn of_process(done: &process::Output, world: &World) -> Played {
    let screen = String::from_utf8([&*done.stdout, &*done.stderr].concat()).unwrap();
    let screen = screen.replace(&world.path("").display().to_string(), "/srv/");
    Played { code: done.status.code().unwrap_or(-1), message: screen.clone(), screen, rule: None, fault: None }
}

/// The digests, fingerprints and register ids on a screen.
fn names(screen: &str) -> Vec<&str> {
    let words = screen.split(|c: char| !(c.is_ascii_alphanumeric() || "+/".contains(c)));
    words.filter(|word| word.len() >= 32 && word.contains(|c: char| c.is_ascii_digit())).collect()
}

/// Maps the names on the old screen to those on the new one.
fn learn(old: &str, new: &str, renamed: &mut HashMap<String, String>) {
    let (old, new) = (names(old), names(new));
    if old.len() == new.len() {
        let changed = old.into_iter().zip(new).filter(|(old, new)| old != new);
        renamed.extend(changed.map(|(old, new)| (old.to_owned(), new.to_owned())));
    }
}

/// A command with the names of this run.
fn rename(line: &str, renamed: &HashMap<String, String>) -> String {
    let mut now = line.to_owned();
    for old in names(line) {
        if let Some(new) = renamed.get(old) {
            now = now.replace(old, new);
        }
    }
    now
}

fn copy(from: &Path, to: &Path) {
    for item in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (item.path(), to.join(item.file_name()));
        if from.is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}
