//! Faults in a file that a person wrote, and the list of them with the lines of the file.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::domain::{Closed, FreezeName, Invalid, Refusal, is_forbidden};
use crate::venue::VenueError;

/// A fault, with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line number, from 1; 0 if the fault is in no line, such as a missing key.
    pub line: usize,
    /// The field, such as `window.start`; empty if the fault is not in a field, such as a syntax error.
    pub field: String,
    /// What is wrong there.
    pub problem: Problem,
    /// The line, if there is one to show.
    pub excerpt: Option<Excerpt>,
}

impl Fault {
    /// A fault of the file as a whole, or of a field that it does not have.
    pub fn of_file(field: &str, problem: impl Into<Problem>) -> Self {
        Self { line: 0, field: field.to_owned(), problem: problem.into(), excerpt: None }
    }

    /// A fault at these bytes of a text.
    pub fn at(text: &str, span: Range<usize>, field: &str, problem: impl Into<Problem>) -> Self {
        Lines::new(text).fault(span, field, problem)
    }

    /// A fault in a line; `part` is the faulty part of its text.
    pub fn in_line(line: usize, text: &str, part: Range<usize>, field: &str, problem: impl Into<Problem>) -> Self {
        Self { line, ..Self::at(text, part, field, problem) }
    }

    /// The same without the value in its line, which could be a secret: only what stands before the `=` is left.
    pub fn without_value(self) -> Self {
        let key = self.excerpt.and_then(|it| {
            let (key, _) = it.text.split_once('=')?;
            let plain = |c: char| c.is_ascii_alphanumeric() || ['-', '_'].contains(&c);
            let written = key.trim_end();
            let span = it.span.start.min(written.len())..it.span.end.min(written.len());
            let is_key = !written.is_empty() && written.chars().all(plain);
            is_key.then(|| Excerpt {
                text: format!("{written} = …"),
                span: if span.is_empty() { 0..written.len() } else { span },
            })
        });
        Self { excerpt: key, ..self }
    }

    /// The line of the file and a mark, each after a line feed, for a terminal of this many columns; empty if there is none.
    pub fn shown_in(&self, width: Option<u16>) -> String {
        // Some terminals begin a new line when the last column is filled.
        self.shown(usize::from(width.unwrap_or(WIDTH)).saturating_sub(1))
    }

    /// The line of the file with a mark below the fault, each line after two spaces; empty if there is none to show. No
    /// line is wider than `width` columns, if a character beyond ASCII takes two.
    fn shown(&self, width: usize) -> String {
        let Some(excerpt) = &self.excerpt else { return String::new() };
        let gutter = self.line.to_string().len() + 6;
        let (text, span) = excerpt.fitted(width.saturating_sub(gutter));
        let snippet = Snippet::source(text).line_start(self.line).annotation(AnnotationKind::Primary.span(span));
        let group = Group::with_level(Level::ERROR).element(snippet);
        // The text fits already.
        let shown = Renderer::plain().term_width(usize::from(u16::MAX)).render(&[group]);
        shown.lines().map(|line| format!("\n  {}", line.trim_end())).collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        match self.field.as_str() {
            "" => write!(f, " {}", self.problem),
            field => write!(f, " {field}: {}", self.problem),
        }
    }
}

/// A text that can have many faults: it knows where its lines end.
pub struct Lines<'t> {
    text: &'t str,
    ends: Vec<usize>,
}

/// How many bytes of its line are kept before and after a fault. A line may be as long as its file, and full of faults.
const KEPT: usize = 256;

impl<'t> Lines<'t> {
    /// The lines of a text.
    pub fn new(text: &'t str) -> Self {
        Self { text, ends: text.match_indices('\n').map(|(at, _)| at).collect() }
    }

    /// A fault at these bytes of the text.
    pub fn fault(&self, span: Range<usize>, field: &str, problem: impl Into<Problem>) -> Fault {
        // A span of an error can end within a character.
        let boundary = |at: usize| self.text.floor_char_boundary(at);
        let (start, end) = (boundary(span.start), boundary(span.end.max(span.start)));
        let line = self.ends.partition_point(|it| *it < start);
        let begin = line.checked_sub(1).and_then(|above| self.ends.get(above)).map_or(0, |it| it + 1);
        let last = self.ends.get(line).copied().unwrap_or(self.text.len());
        let first = begin.max(boundary(start.saturating_sub(KEPT)));
        let kept = self.text.get(first..last.min(boundary(end.min(start + KEPT) + KEPT))).unwrap_or_default();
        let kept = kept.strip_suffix('\r').unwrap_or(kept);
        let within = |at: usize| at.saturating_sub(first).min(kept.len());
        let excerpt = Excerpt { text: kept.to_owned(), span: within(start)..within(end) };
        Fault { line: line + 1, field: field.to_owned(), problem: problem.into(), excerpt: Some(excerpt) }
    }
}

/// A line of a file, or as much of it as [`Lines`] keeps, and the part of it that is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    text: String,
    span: Range<usize>,
}

impl Excerpt {
    /// As much of the line as fits into `room` columns, with the fault in it. What could control a terminal is escaped, and
    /// a tab is a space.
    fn fitted(&self, room: usize) -> (String, Range<usize>) {
        let escape = |c: char| match c {
            '\t' => " ".to_owned(),
            c if is_forbidden(c) => c.escape_unicode().to_string(),
            c => c.to_string(),
        };
        let pieces: Vec<(usize, String)> = self.text.char_indices().map(|(at, c)| (at, escape(c))).collect();
        let cost = |(_, piece): &(usize, String)| if piece.is_ascii() { piece.len() } else { 2 };
        let room = room.max(NARROWEST);
        let fits = pieces.iter().map(cost).sum::<usize>() <= room;
        let mut first = 0;
        if !fits {
            // A third of the room is left for what stands before the fault.
            first = pieces.iter().position(|(at, _)| *at >= self.span.start).unwrap_or(pieces.len());
            let mut before = 0;
            while let Some(piece) = first.checked_sub(1).and_then(|at| pieces.get(at)) {
                before += cost(piece);
                if before > room / 3 {
                    break;
                }
                first -= 1;
            }
        }
        let (mut text, mut used) = (if first > 0 { "…".to_owned() } else { String::new() }, 4);
        let (mut start, mut end) = (None, None);
        for piece in pieces.iter().skip(first) {
            used += cost(piece);
            if !fits && used > room {
                end = end.or(Some(text.len()));
                text.push('…');
                break;
            }
            if piece.0 >= self.span.start {
                start = start.or(Some(text.len()));
            }
            if piece.0 >= self.span.end {
                end = end.or(Some(text.len()));
            }
            text.push_str(&piece.1);
        }
        let start = start.unwrap_or(text.len());
        let end = end.unwrap_or(text.len()).max(start);
        (text, start..end)
    }
}

/// The fewest columns of a line that are shown.
const NARROWEST: usize = 16;

/// The most faults listed at once.
const MOST_FAULTS: usize = 100;

/// Every fault of a file on a line of its own.
pub fn list_faults(path: &str, faults: &[Fault]) -> String {
    list(path, faults, |_| String::new())
}

/// Every fault of a file, each with the line of the file, for a terminal of this many columns.
pub fn show_faults(path: &str, faults: &[Fault], width: Option<u16>) -> String {
    list(path, faults, |fault| fault.shown_in(width))
}

/// The columns of a list that is not shown on a terminal.
const WIDTH: u16 = 100;

fn list(path: &str, faults: &[Fault], more: impl Fn(&Fault) -> String) -> String {
    // A newline in a file name must not look like a line of the list.
    let one_line = |text: String| text.replace('\n', "\\u{a}");
    let path = one_line(path.to_owned());
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        n => format!("{n} faults"),
    };
    let line = |fault: &Fault| format!("  {path}:{}{}", one_line(fault.to_string()), more(fault));
    let mut lines: Vec<String> = faults.iter().take(MOST_FAULTS).map(line).collect();
    if faults.len() > MOST_FAULTS {
        lines.push(format!("  and {} more", faults.len() - MOST_FAULTS));
    }
    format!("{path} has {count}:\n{}", lines.join("\n"))
}

/// What a line begins with that names a fault of the line below it.
const MARK: &str = "# fault: ";

/// The text with a comment above the line of each fault, and the faults with their lines in it.
pub fn mark_faults(text: &str, faults: &[Fault]) -> (String, Vec<Fault>) {
    let (mut marked, mut moved) = (String::new(), Vec::new());
    let comment = |fault: &Fault| {
        let said = Fault { line: 0, ..fault.clone() }.to_string();
        let said = said.trim_start().replace(|c: char| c == '\n' || is_forbidden(c), " ");
        format!("{MARK}{said}\n")
    };
    let mut left: Vec<&Fault> = faults.iter().collect();
    left.sort_by_key(|it| it.line);
    let mut left = left.into_iter().peekable();
    for (line, below) in (0..).zip(std::iter::once("").chain(text.split_inclusive('\n'))) {
        let begin = moved.len();
        while let Some(fault) = left.next_if(|it| it.line == line) {
            marked.push_str(&comment(fault));
            moved.push(fault.clone());
        }
        let shift = moved.len();
        moved.iter_mut().skip(begin).filter(|it| it.line > 0).for_each(|it| it.line += shift);
        marked.push_str(below);
    }
    (marked, moved)
}

/// The text without the comments of [`mark_faults`].
pub fn without_marks(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with(MARK)).collect()
}

/// What is wrong with a field or with the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A syntax error, in the words of the TOML parser.
    #[error("invalid TOML: {0}")]
    Syntax(String),
    /// An unknown key, and the nearest known one.
    #[error("unknown key{}", did_you_mean(.0.as_deref()))]
    UnknownKey(Option<String>),
    /// A required field without a value.
    #[error("required, but missing or empty")]
    Missing,
    /// A value of the wrong TOML type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// The type of the field, with its article.
        expected: &'static str,
        /// The type of the value, with its article.
        found: &'static str,
    },
    /// A value that its type does not allow.
    #[error("{0}")]
    Value(#[from] Invalid),
    /// A value that a list repeats.
    #[error("{0} is listed twice")]
    Twice(String),
    /// Not a time in one of the accepted forms.
    #[error("not a time: write 2026-12-05 20:00 with a zone, or 2026-12-05T20:00:00+08:00")]
    Time,
    /// A time with the abbreviation of a zone behind it: `CST` is a time in Shanghai and one in Chicago.
    #[error("write an offset instead of {0}, which can name several zones: 2026-12-05T20:00:00+08:00, or Z for UTC")]
    Abbreviation(String),
    /// A fraction of a second, or a leap second.
    #[error("write whole seconds from 00 to 59, without a fraction")]
    Seconds,
    /// A local time in a file without a zone.
    #[error("a local time needs a zone: add zone = \"Asia/Shanghai\", or write the offset")]
    NoZone,
    /// An unknown zone, and the nearest known one.
    #[error("unknown time zone{}", did_you_mean(.0.as_deref()))]
    UnknownZone(Option<String>),
    /// An abbreviation or an offset where the name of a zone belongs: `CST` is a time in Shanghai and one in Chicago.
    #[error("not the name of a time zone: write one such as Asia/Shanghai, America/Chicago or UTC")]
    NoPlace,
    /// A local time that clocks skip.
    #[error("does not exist in {zone}, where clocks are set forward: choose another time")]
    TimeGap {
        /// The zone.
        zone: String,
    },
    /// A local time that clocks show twice.
    #[error("occurs twice in {zone}, where clocks are set back: write {first} (earlier) or {second} (later)")]
    TimeTwice {
        /// The zone.
        zone: String,
        /// The first time, with its offset.
        first: String,
        /// The second time, with its offset.
        second: String,
    },
    /// Not a time of day.
    #[error("not a time of day: write 21:00")]
    Clock,
    /// Not a date.
    #[error("not a date: write 2026-02-13")]
    Date,
    /// A length of time over a day.
    #[error("at most 1440 minutes, which are a day")]
    Minutes,
    /// A venue or year without a calendar.
    #[error("{0}")]
    Venue(#[from] VenueError),
    /// A key that `[sessions]` replaces.
    #[error("leave it out, or leave out [sessions], which says it too")]
    InSessions,
    /// A key that `calendar` replaces.
    #[error("leave it out, or leave out calendar, which says it too")]
    InCalendar,
    /// A line of a table that does not have the columns of its header.
    #[error("expected the columns {expected}")]
    Header {
        /// The header.
        expected: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// The file, as the draft names it.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// A digest that differs from that of the file beside it.
    #[error("the SHA-256 of {path} is {found}, not the one given")]
    Digest {
        /// The file, as the draft names it.
        path: String,
        /// Its SHA-256.
        found: crate::domain::Digest,
    },
    /// A step with both a command and a script for a machine.
    #[error("args and shell exclude each other: use one of them")]
    TwoCommands,
    /// A directory or an account for a step that a machine cannot carry out.
    #[error("needs args or shell beside it")]
    NoCommand,
    /// An artifact with neither a file nor a digest.
    #[error("needs file, sha256, or both")]
    NoContent,
    /// An author address of a commit that the configuration does not map.
    #[error("commits by {address}: the address is not in [authors] of config.toml")]
    UnmappedAuthor {
        /// The address.
        address: String,
    },
    /// A range of commits without a commit.
    #[error("no commits in {range}")]
    NoCommits {
        /// The range.
        range: String,
    },
    /// A change that too few people could approve.
    #[error("{need} approvals needed, but {able} could approve{barred}")]
    TooFewApprovers {
        /// The number of approvals needed.
        need: usize,
        /// Who could approve it: `nobody`, or `only carol`.
        able: String,
        /// Which approvers could not, and why; empty if there is no other approver.
        barred: String,
    },
    /// A change that too few people could approve as members of a group.
    #[error("{need} approval{} of group {group} needed, but {able} in this group could approve{elsewhere}", if *need == 1 { "" } else { "s" })]
    TooFewInGroup {
        /// The number of approvers of the group that are needed.
        need: usize,
        /// The group.
        group: crate::domain::Group,
        /// Who in the group could approve it: `nobody`, or `only carol`.
        able: String,
        /// Why they are too few although they would do for this group alone; otherwise empty.
        elsewhere: &'static str,
    },
    /// A window in which a freeze lets the change start at no time.
    #[error("freeze {freeze} is {closed} and stops the change: choose another window, or add [freeze_exception]")]
    Frozen {
        /// The freeze.
        freeze: FreezeName,
        /// When it is closed.
        closed: Closed,
    },
    /// An exception from a freeze that nobody could sign.
    #[error("nobody who could approve it may except from freeze {freeze}: it needs an approval by {by}")]
    NobodyExcepts {
        /// The freeze.
        freeze: FreezeName,
        /// Who may except.
        by: String,
    },
    /// A change that no independent approver could approve.
    #[error(
        "an independent approver needed, but everybody who could approve shares a team with somebody who takes part"
    )]
    NobodyIndependent,
    /// A change that does not fit into an entry.
    #[error("{bytes} bytes in total; at most {most} are allowed: shorten the longest texts")]
    TooLarge {
        /// Size in bytes of the part that is too large.
        bytes: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// A setting of `config.toml`, in the words of the parser.
    #[error("{0}")]
    Setting(String),
    /// A rule of the register that the change would break.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A freeze that is not in force, and the nearest one that is.
    #[error("{0}; did you mean {1}?")]
    Misspelt(Refusal, String),
}

fn did_you_mean(word: Option<&str>) -> String {
    word.map_or(String::new(), |word| format!("; did you mean {word}?"))
}

/// The word of a list that is most similar to `word`, for suggestions; `None` if none is similar.
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = words.into_iter().map(|it| (strsim::damerau_levenshtein(word, it), it));
    near.min().filter(|(distance, it)| *distance <= 1 + it.len() / 4).map(|(_, it)| it.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, span: Range<usize>, width: usize) -> String {
        Fault::at(text, span, "risk", Problem::Missing).shown(width)
    }

    #[test]
    fn a_mark_stands_below_the_fault() {
        let text = "title = \"a\"\nrisk = \"huge\"\r\n";
        assert_eq!(shown(text, 19..25, 80), "\n    |\n  2 | risk = \"huge\"\n    |        ^^^^^^");
        let text = "title = \"调高连接池\" # x\n";
        let at = text.find("调").unwrap_or_default();
        assert!(shown(text, at..at + 6, 80).ends_with("\n    |          ^^^^"), "{}", shown(text, at..at + 6, 80));
        // Several lines: the first of them.
        let text = "a = \"\"\"\nb\nc\"\"\"\n";
        assert_eq!(shown(text, 4..14, 80), "\n    |\n  1 | a = \"\"\"\n    |     ^^^");
    }

    #[test]
    fn a_line_is_escaped_and_fits_the_terminal_with_the_fault_in_it() {
        let hostile = "reason = \"\u{1b}[2J\u{202e}x\"\n";
        let found = shown(hostile, 9..18, 80);
        assert!(
            found.contains("reason = \"\\u{1b}[2J\\u{202e}x\"") && !found.contains(['\u{1b}', '\u{202e}']),
            "{found}"
        );
        for filler in ["x", "字", "é", "\u{1b}"] {
            let text = format!("a = \"{}\" # {}", filler.repeat(300), filler.repeat(300));
            for (at, width) in (0..text.len()).step_by(37).flat_map(|at| [24, 40, 80].map(|width| (at, width))) {
                let found = shown(&text, at..at + 3, width);
                let columns = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
                assert!(found.lines().all(|line| columns(line) < width.max(26)), "{width}: {found}");
                assert!(found.contains('^'), "{at}: {found}");
            }
        }
    }

    #[test]
    fn marks_are_comments_above_the_faults_and_go_without_a_trace() {
        let text = "title = 1\nrisk = 2\nrisky = 3";
        let fault = |line: usize| Fault { line, ..Fault::of_file("x", Problem::Missing) };
        let (marked, moved) = mark_faults(text, &[fault(0), fault(2), fault(2), fault(3)]);
        let lines: Vec<&str> = marked.lines().collect();
        let found: Vec<(usize, Option<&&str>)> =
            moved.iter().map(|it| (it.line, lines.get(it.line.wrapping_sub(1)))).collect();
        assert_eq!(found, [(0, None), (5, Some(&"risk = 2")), (5, Some(&"risk = 2")), (7, Some(&"risky = 3"))]);
        assert_eq!(marked.matches("# fault: x: required, but missing or empty\n").count(), 4);
        assert_eq!(without_marks(&marked), text);
    }
}
