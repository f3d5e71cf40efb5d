//! The transcripts in `examples/*.md` are run as they stand: they are documentation that cannot rot.
//!
//! In a block marked `console`, a line `PERSON$ COMMAND` is run as that person; what follows is what their screen
//! shows, answers to questions included. A paragraph that begins "At `TIME`" sets the clock. The register's folder is
//! shown as `/srv`. `SNAPSHOTS=overwrite cargo test --test transcripts` writes the screens anew.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{World, stock_tool, words};
use snapbox::{Assert, Data};
use twinseal::error::Exit;

/// The questions after which a person types something that is shown.
const QUESTIONS: [&str; 2] = ["Type ", "Is it the same? "];

/// With this sentence a transcript begins where the register stands already.
const FOUNDED: &str = "The register `prod` stands";

fn answers(screen: &[&str]) -> Vec<String> {
    let asked = screen.iter().filter(|line| QUESTIONS.iter().any(|question| line.starts_with(question)));
    asked.filter_map(|line| Some(line.rsplit_once(": ")?.1.to_owned())).collect()
}

/// `PERSON$ …`
fn is_command(line: &str) -> bool {
    line.split_once("$ ").is_some_and(|(person, _)| person.len() > 1 && person.bytes().all(|b| b.is_ascii_lowercase()))
}

fn play(world: &World, person: &str, command: &str, screen: &[&str]) -> String {
    if !world.path(&format!("people/{person}")).exists() {
        fs::create_dir_all(world.path(&format!("people/{person}"))).unwrap();
    }
    if !command.starts_with("twinseal ") {
        let done = Command::new("sh").args(["-c", command]).current_dir(world.path("")).output().unwrap();
        return String::from_utf8(done.stdout).unwrap();
    }
    let (command, into) = match command.rsplit_once(" > ") {
        Some((command, into)) => (command, Some(into)),
        None => (command, None),
    };
    let typed = answers(screen);
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    let words = words(command);
    let words = words.strip_prefix(&["twinseal".to_owned()]).expect("every command is twinseal's");
    let output = world.run_words(person, words, (!typed.is_empty()).then_some(&typed));
    let mut shown = if let Some(into) = into {
        world.write(into, &output.out);
        output.err
    } else {
        output.screen
    };
    shown = shown.replace(&world.path("").display().to_string(), "/srv/");
    if output.exit != Exit::Done {
        shown.push_str(&format!("(exit code {})\n", output.exit as u8));
    }
    shown
}

fn replay(text: &str) -> String {
    // Only some transcripts found the register before one's eyes.
    let world = if text.contains(FOUNDED) { World::founded() } else { World::empty() };
    copy(Path::new("examples"), &world.path(""));
    let mut played = String::new();
    let mut lines = text.lines().peekable();
    let mut console = false;
    while let Some(line) = lines.next() {
        played.push_str(line);
        played.push('\n');
        if let Some(time) = line.strip_prefix("At `").and_then(|rest| rest.split('`').next()) {
            world.at(time);
        }
        if let Some(mark) = line.strip_prefix("```") {
            console = mark == "console";
            continue;
        }
        if let Some((person, command)) = line.split_once("$ ").filter(|_| console && is_command(line)) {
            let mut screen = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("```") && !is_command(line)) {
                screen.push(line);
            }
            let gap = screen.last().is_some_and(|line| line.is_empty());
            played.push_str(&play(&world, person, command, &screen));
            if gap {
                played.push('\n');
            }
        }
    }
    played
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

#[test]
fn transcripts_show_what_happens() {
    let found = fs::read_dir("examples").unwrap().map(|item| item.unwrap().path());
    let transcripts: Vec<_> = found.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    assert!(transcripts.len() >= 2, "{transcripts:?}");
    for path in transcripts {
        let text = fs::read_to_string(&path).unwrap();
        if text.contains("$ sqlite3 ") && !stock_tool("sqlite3") {
            continue;
        }
        let assert = Assert::new().action_env("SNAPSHOTS");
        assert.eq(replay(&text), Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw());
    }
}
