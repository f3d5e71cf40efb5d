//! Draws pages of the story in `tests/screens/story.rs` as pictures for the README, with their colours.

use std::fmt::Write as _;

use super::session::{BOLD, CYAN, GREY, RESET, draw, wrapped};
use crate::screens::story::{SHOTS, morning};
use crate::support::words;

/// Draws the page of this name. Of a long one, the first and the last lines are shown.
fn picture(name: &str, file: &str, first: usize, last: usize) {
    let (world, shot) = (morning(), SHOTS.iter().find(|shot| shot.name == name).unwrap());
    world.on_screen(true);
    let output = world.run_words(shot.person, &words(shot.line), shot.typed);
    assert_eq!(output.exit, shot.exit, "{}", output.screen);
    let lines: Vec<String> = output.screen.lines().flat_map(wrapped).collect();
    let command = format!("twinseal {}", shot.line);
    let mut seen = format!("{CYAN}{}${RESET} {BOLD}{}{RESET}\n", shot.person, command.trim_end());
    for (n, line) in lines.iter().enumerate() {
        if n < first || n + last >= lines.len() {
            writeln!(seen, "{line}").unwrap();
        } else if n == first {
            writeln!(seen, "{GREY}... {} more lines ...{RESET}", lines.len() - first - last).unwrap();
        }
    }
    draw(&seen, file);
}

#[test]
fn the_picture_of_the_home_page_shows_what_the_program_prints() {
    picture("home-approver", "docs/home.svg", usize::MAX, 0);
}

#[test]
fn the_picture_of_the_inbox_shows_what_the_program_prints() {
    picture("inbox-approver", "docs/inbox.svg", usize::MAX, 0);
}

#[test]
fn the_picture_of_the_approval_page_shows_what_the_program_prints() {
    picture("approve-page", "docs/approve.svg", 28, 22);
}
