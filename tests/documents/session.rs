//! Draws the README's pictures from real output: a session in `docs/session.svg`, pages in `docs/home.svg`,
//! `docs/inbox.svg` and `docs/approve.svg`.
//!
//! `SNAPSHOTS=overwrite cargo test --test all documents::session` redraws them. The source states the exit code of each
//! command. If a command ends with another one, the test fails and no picture is drawn.

use std::fmt::Write as _;

use anstyle::{Color, RgbColor};
use anstyle_svg::Term;
use snapbox::{Assert, Data, data::DataFormat};

use crate::support::{World, words};
use twinseal::error::Exit;

const COLUMNS: usize = 80;

pub const GREY: &str = "\x1b[38;2;139;148;158m";
pub const CYAN: &str = "\x1b[38;2;86;182;194m";
const RED: &str = "\x1b[38;2;240;113;120m";
pub const BOLD: &str = "\x1b[1m";
const FOREGROUND: Color = Color::Rgb(RgbColor(215, 220, 226));
const BACKGROUND: Color = Color::Rgb(RgbColor(22, 27, 34));
pub const RESET: &str = "\x1b[0m";

/// A command in the picture.
struct Step {
    comment: &'static str,
    person: &'static str,
    command: &'static str,
    typing: &'static [&'static str],
    exit: Exit,
    /// The number of lines shown, counted from the end of the screen. A cut screen states how many lines are missing.
    lines: usize,
}

const fn step(person: &'static str, command: &'static str) -> Step {
    Step { comment: "", person, command, typing: &[], exit: Exit::Done, lines: usize::MAX }
}

const SESSION: [Step; 7] = [
    Step { comment: "erin files a change of a connection pool", ..step("erin", "file pool.toml") },
    Step {
        comment: "carol reads the whole revision, then signs it with her own key",
        typing: &["CHG-1"],
        lines: 2,
        ..step("carol", "approve CHG-1")
    },
    Step {
        comment: "the window is open, but one approval is not enough",
        exit: Exit::Refused,
        ..step("erin", "start CHG-1")
    },
    Step { comment: "dave is the second approver", typing: &["CHG-1"], lines: 2, ..step("dave", "approve CHG-1") },
    Step { comment: "two approvals are enough", lines: 2, ..step("erin", "start CHG-1") },
    Step { lines: 1, ..step("erin", "finish CHG-1 --outcome succeeded") },
    Step { comment: "audrey, the auditor, verifies every entry of the log", ..step("audrey", "verify") },
];

const CHANGE: &str = r#"
title = "Order gateway: raise the database pool from 80 to 160"
kind = "normal"
risk = "high"
owner = "erin"
services = ["order-gateway"]
reason = "At the open, 1,127 orders were rejected: no connection was free."

[window]
start = "2026-12-01T10:00:00Z"
end = "2026-12-01T12:00:00Z"

[impact]
text = "Clients of a restarted node reconnect once."

[[plan]]
step = "Set the pool of each node to 160, one node at a time."

[rollback]
minutes = 5

[[rollback.steps]]
step = "Set it back to 80, one node at a time."
"#;

/// A line as a terminal of 80 columns shows it.
pub fn wrapped(line: &str) -> Vec<String> {
    if textwrap::core::display_width(line) <= COLUMNS {
        return vec![line.to_owned()];
    }
    let options = textwrap::Options::new(COLUMNS).wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    textwrap::wrap(line, options).into_iter().map(|it| it.trim_end().to_owned()).collect()
}

/// Runs the session and returns the visible lines with their ANSI escapes.
fn played(world: &World) -> String {
    let mut seen = String::new();
    for (at, step) in SESSION.iter().enumerate() {
        if at > 0 && !step.comment.is_empty() {
            seen.push('\n');
        }
        if !step.comment.is_empty() {
            writeln!(seen, "{GREY}# {}{RESET}", step.comment).unwrap();
        }
        writeln!(seen, "{CYAN}{}${RESET} {BOLD}twinseal {}{RESET}", step.person, step.command).unwrap();
        let output = world.run_words(step.person, &words(step.command), Some(step.typing));
        assert_eq!(output.exit, step.exit, "{}: {}\n{}", step.person, step.command, output.screen);
        let lines: Vec<String> = output.screen.lines().flat_map(wrapped).collect();
        let cut = lines.len().saturating_sub(step.lines);
        if cut > 0 {
            writeln!(seen, "{GREY}... {cut} more lines ...{RESET}").unwrap();
        }
        lines[cut..].iter().for_each(|line| writeln!(seen, "{line}").unwrap());
        if step.exit != Exit::Done {
            writeln!(seen, "{RED}(exit code {}){RESET}", step.exit as u8).unwrap();
        }
    }
    seen
}

/// Compares a picture of these lines with the file, or redraws it.
pub fn draw(seen: &str, file: &str) {
    let clipped: Vec<&str> = seen.lines().filter(|line| textwrap::core::display_width(line) > COLUMNS).collect();
    assert!(clipped.is_empty(), "{clipped:#?}");
    let picture = Term::new().min_width_px(680).fg_color(FOREGROUND).bg_color(BACKGROUND).render_svg(seen.trim_end());
    let kept = Data::read_from(file.as_ref(), Some(DataFormat::Text)).raw();
    Assert::new().action_env("SNAPSHOTS").eq(picture, kept);
}

#[test]
fn the_picture_in_the_readme_shows_what_the_program_prints() {
    let world = World::founded();
    world.write("pool.toml", CHANGE);
    world.at("2026-12-01T10:00:00Z");
    world.on_screen(true);
    let seen = played(&world);
    draw(&seen, "docs/session.svg");
}
