//! Parses a transcript into prose, commands and expected results.

/// A piece of a transcript, with its line number.
pub enum Piece<'t> {
    /// A line of prose, copied unchanged.
    Prose(&'t str),
    /// A command and its screen.
    Command(Command<'t>),
}

/// A command, its typed answers, and its expected result.
pub struct Command<'t> {
    pub number: usize,
    /// The whole line.
    pub line: &'t str,
    pub person: &'t str,
    pub words: &'t str,
    pub typing: Vec<&'t str>,
    /// The screen in the source.
    pub shown: Vec<&'t str>,
    pub expected: Expected<'t>,
    /// Empty lines after the screen.
    pub gap: usize,
}

/// The expected result of a command.
#[derive(Default)]
pub struct Expected<'t> {
    pub code: i32,
    pub why: Option<&'t str>,
    /// The source line of an expected failure.
    pub line: Option<&'t str>,
}

/// The person and the command of a line `PERSON$ COMMAND`.
fn command(line: &str) -> Option<(&str, &str)> {
    line.split_once("$ ").filter(|(person, _)| person.len() > 1 && person.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Parses a line such as `(exit code 1: two-approvals)`; `None` if it is another line.
///
/// # Errors
/// The exit code is 0 or not a number.
pub fn expected(line: &str) -> Option<Result<Expected<'_>, String>> {
    let inside = line.strip_prefix("(exit code ")?.strip_suffix(')')?;
    let (code, why) = inside.split_once(": ").map_or((inside, None), |(code, why)| (code, Some(why)));
    let code = code.parse().ok().filter(|code| *code > 0);
    Some(code.map(|code| Expected { code, why, line: Some(line) }).ok_or_else(|| format!("{line} is no failure")))
}

/// Parses a transcript.
///
/// # Errors
/// The number of the invalid line and the reason.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut lines = (1..).zip(text.lines()).peekable();
    let (mut pieces, mut inside) = (Vec::new(), false);
    while let Some((number, line)) = lines.next() {
        let Some((person, rest)) = command(line).filter(|_| inside) else {
            if let Some(mark) = line.strip_prefix("```") {
                inside = !inside;
                if inside && mark != "console" {
                    return Err(format!("{number}: {line}\na block that is not run"));
                }
            } else if inside {
                return Err(format!("{number}: {line}\na screen before any command"));
            }
            pieces.push(Piece::Prose(line));
            continue;
        };
        let mut shown = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.starts_with("```") && command(line).is_none()) {
            shown.push(line);
        }
        let kept = shown.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
        let gap = shown.split_off(kept).len();
        let expected = match shown.last().and_then(|line| expected(line)) {
            Some(expected) => {
                shown.pop();
                expected.map_err(|why| format!("{number}: {line}\n{why}"))?
            }
            None => Expected::default(),
        };
        let (words, typing) = rest.split_once(" # typing: ").unwrap_or((rest, ""));
        let typing = typing.split(", ").filter(|it| !it.is_empty()).collect();
        pieces.push(Piece::Command(Command { number, line, person, words, typing, shown, expected, gap }));
    }
    Ok(pieces)
}
