//! What a transcript says before it is run: prose, commands, and what they must do.

/// A piece of a transcript, with its line number.
pub enum Piece<'t> {
    /// A line that stays as it is.
    Prose(&'t str),
    /// A command and its screen.
    Command(Command<'t>),
}

/// A command, what is typed at its questions, and how it must end.
pub struct Command<'t> {
    pub number: usize,
    /// The whole line.
    pub line: &'t str,
    pub person: &'t str,
    pub words: &'t str,
    pub typing: Vec<&'t str>,
    /// The screen as it was written last.
    pub shown: Vec<&'t str>,
    pub expected: Expected<'t>,
    /// Empty lines after the screen.
    pub gap: usize,
}

/// How a command must end.
#[derive(Default)]
pub struct Expected<'t> {
    pub code: i32,
    pub why: Option<&'t str>,
    /// The line that says so, where it must fail.
    pub line: Option<&'t str>,
}

/// `PERSON$ …`
fn command(line: &str) -> Option<(&str, &str)> {
    line.split_once("$ ").filter(|(person, _)| person.len() > 1 && person.bytes().all(|b| b.is_ascii_lowercase()))
}

/// `(exit code 1: two-approvals)`, if a line is like that.
///
/// # Errors
/// A code that is no failure.
pub fn expected(line: &str) -> Option<Result<Expected<'_>, String>> {
    let inside = line.strip_prefix("(exit code ")?.strip_suffix(')')?;
    let (code, why) = inside.split_once(": ").map_or((inside, None), |(code, why)| (code, Some(why)));
    let code = code.parse().ok().filter(|code| *code > 0);
    Some(code.map(|code| Expected { code, why, line: Some(line) }).ok_or_else(|| format!("{line} is no failure")))
}

/// Reads a transcript.
///
/// # Errors
/// The line, and what is wrong there.
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
