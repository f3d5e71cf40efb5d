//! Runs the commands in `examples/*.md` and compares their output with the page.
//!
//! A block marked `console` holds commands and their screens. The source states how each command must end, and
//! regeneration never changes that:
//!
//! - `carol$ twinseal approve CHG-1 # typing: yes, CHG-1` runs as carol on a terminal, who types these answers. A
//!   question without an answer fails the test, and so does an unused answer.
//! - `(exit code 1: two-approvals)` after a screen is the expected exit code and the reason: the rule that refuses the
//!   command or, without a rule, a part of the message. Other programs have no reason: `(exit code 1)`. Without such a
//!   line a command must succeed.
//! - `runner$ ssh -T HOST WORDS` goes through a real sshd and the forced command of `examples/ci`.
//! - A time in backquotes in the prose, such as `2026-12-02T02:00:00Z`, sets the clock.
//! - The last paragraph states the final status and is checked: "At the end CHG-1 is succeeded, the log holds
//!   14 entries, and `twinseal verify` finds nothing."
//!
//! The register's folder is shown as `/srv`. `SNAPSHOTS=overwrite cargo test --test all transcripts` regenerates the
//! screens, unless a transcript fails. Digests, fingerprints and register ids in commands are taken from the screens
//! above them, so they stay correct.

mod by_ssh;
mod closing;
mod replay;
pub mod source;

use std::fs;

use crate::pipelines::sshd::installed;
use crate::support::server::in_a_file;
use crate::support::stock_tool;
use snapbox::{Assert, Data};

use replay::replay;

#[test]
fn transcripts_show_what_happens() {
    let found = fs::read_dir("examples").unwrap().map(|item| item.unwrap().path());
    let transcripts: Vec<_> = found.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    assert!(transcripts.len() >= 10, "{transcripts:?}");
    let (mut played, mut faults) = (Vec::new(), Vec::new());
    for path in transcripts {
        let text = fs::read_to_string(&path).unwrap();
        // A founded register is on a server where the tests are asked for that, and then it has no file.
        if text.contains(replay::FOUNDED)
            && text.contains("prod.db")
            && in_a_file("the file of a story", || ()).is_none()
        {
            continue;
        }
        if text.contains("$ sqlite3 ") && !stock_tool("sqlite3") {
            continue;
        }
        if text.contains("$ ssh ") && !(stock_tool("ssh-keygen") && installed().is_some()) {
            continue;
        }
        match replay(&text) {
            Ok(text) => played.push((path, text)),
            Err(fault) => faults.push(format!("{}:{fault}", path.display())),
        }
    }
    // Checked before any screen is overwritten.
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    for (path, text) in played {
        let assert = Assert::new().action_env("SNAPSHOTS");
        assert.eq(text, Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw());
    }
}

/// A transcript in a founded register, with this console block and this closing sentence.
fn story(block: &str, end: &str) -> String {
    format!("# A story\n\n{}.\n\n```console\n{block}\n```\n\n{end}\n", replay::FOUNDED)
}

const END: &str = "At the end the log holds 2 entries, and `twinseal verify` finds nothing.";
const ENROLLED: &str = "PERSON  ROLES  ENROLLED  NAME";

#[track_caller]
fn refused(text: &str, why: &str) {
    let fault = replay(text).expect_err("the transcript was accepted");
    assert!(fault.contains(why), "not {why:?} but\n{fault}");
}

#[test]
fn a_true_story_is_accepted_and_its_screens_are_written() {
    let played = replay(&story("alice$ twinseal person list\na stale screen\n\nalice$ true", END)).unwrap();
    assert!(!played.contains("a stale screen"));
    assert!(played.lines().any(|line| line.split_whitespace().eq(["alice", "admin", "entry", "0"])), "{played}");
    assert!(played.contains("\n\nalice$ true\n```\n"), "{played}");
    assert_eq!(replay(&played), Ok(played));
}

#[test]
fn a_failure_without_an_exit_code_is_refused() {
    let text = story("erin$ twinseal show CHG-7", END);
    refused(&text, "6: erin$ twinseal show CHG-7\nexit code 2, but the source expects 0\n");
    refused(&text, "no change CHG-7");
    refused(&story("erin$ false", END), "exit code 1, but the source expects 0");
    // A failure shown in an earlier screen is not an expectation.
    refused(&story("erin$ twinseal show CHG-7\nerror: no change CHG-7", END), "but the source expects 0");
}

#[test]
fn another_exit_code_than_the_expected_one_is_refused() {
    refused(
        &story("erin$ twinseal show CHG-7\n(exit code 1: no change CHG-7)", END),
        "exit code 2, but the source expects 1",
    );
    refused(
        &story("erin$ twinseal list\n(exit code 2: no change CHG-7)", END),
        "exit code 0, but the source expects 2",
    );
    refused(&story("erin$ sh -c 'exit 3'\n(exit code 1)", END), "exit code 3, but the source expects 1");
    replay(&story(
        "erin$ twinseal show CHG-7\n(exit code 2: no change CHG-7)\nerin$ sh -c 'exit 3'\n(exit code 3)",
        END,
    ))
    .unwrap();
}

#[test]
fn another_reason_than_the_expected_one_is_refused() {
    let file = "erin$ twinseal file vwap-child-order-cap.toml\nerin$ twinseal finish CHG-1 --outcome succeeded";
    let end = "At the end CHG-1 is awaiting approval, the log holds 3 entries, and `twinseal verify` finds nothing.";
    refused(
        &story(&format!("{file}\n(exit code 1: own-change)"), end),
        "reason: started; but the source says own-change",
    );
    refused(&story(&format!("{file}\n(exit code 1)"), end), "must say why: (exit code 1: started)");
    replay(&story(&format!("{file}\n(exit code 1: started)"), end)).unwrap();
    refused(&story("erin$ twinseal show CHG-7\n(exit code 2: no CHG-8)", END), "but the source says no CHG-8");
    refused(&story("erin$ twinseal show CHG-7\n(exit code 2)", END), "must say why");
}

#[test]
fn a_question_without_an_answer_is_refused() {
    let grant = "alice$ twinseal person grant carol engineer";
    let two = END.replace('2', "4");
    refused(
        &story(&format!("{grant}\nbob$ twinseal proposal second 1\nType 1 to second this proposal: 1"), &two),
        "no answer to",
    );
    // This holds even if the command is expected to fail without the answer.
    refused(
        &story(&format!("{grant}\nbob$ twinseal proposal second 1\n(exit code 1: not confirmed)"), &two),
        "no answer to",
    );
    replay(&story(&format!("{grant}\nbob$ twinseal proposal second 1 # typing: 1"), &two)).unwrap();
}

#[test]
fn an_answer_that_nothing_asks_for_is_refused() {
    refused(&story("erin$ twinseal list # typing: yes", END), "nothing asks for the answer yes");
}

#[test]
fn a_false_closing_sentence_is_refused() {
    let file = "erin$ twinseal file vwap-child-order-cap.toml";
    let end = "At the end CHG-1 is awaiting approval, the log holds 3\nentries, and `twinseal verify` finds nothing.";
    replay(&story(file, end)).unwrap();
    for (was, is, why) in [
        ("awaiting approval", "approved", "CHG-1 is awaiting approval"),
        ("CHG-1 is awaiting approval, ", "", "says nothing about CHG-1"),
        ("CHG-1 is", "CHG-1 is awaiting approval, CHG-2 is", "there is no CHG-2"),
        ("3\nentries", "4 entries", "the log holds 3 entries"),
        ("the log holds 3\nentries, ", "", "says nothing about the log"),
        (", and `twinseal verify` finds nothing", "", "says nothing about `twinseal verify`"),
        ("the log", "everybody is glad, the log", "everybody is glad is no fact"),
        ("At the end", "Finally", "does not end with"),
    ] {
        refused(&story(file, &end.replace(was, is)), why);
    }
    refused(&story(file, ""), "does not end with");
}

#[test]
fn a_closing_sentence_that_hides_findings_is_refused() {
    let sql = "DROP TRIGGER entry_never_changed; UPDATE entry SET text = NULL";
    if in_a_file("triggers of SQLite", || stock_tool("sqlite3")) == Some(true) {
        let tamper = format!("mallory$ sqlite3 prod.db \"{sql}\"");
        refused(&story(&tamper, END), "`twinseal verify` finds");
    }
}

#[test]
fn text_that_no_command_printed_is_refused() {
    refused(&story(&format!("{ENROLLED}\nalice$ true"), END), "a screen before any command");
    refused(&story("alice$ true", END).replace("```console", "```text"), "a block that is not run");
    refused(&story("alice$ true\n(exit code 0)", END), "is no failure");
}
