//! Faults in a file that a person wrote, and the list of them with the lines of the file.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::problem::Problem;
use crate::domain::is_forbidden;
use crate::{tr, trf};

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

    /// The line, if there is one to show.
    pub fn source_line(&self) -> Option<&str> {
        self.excerpt.as_ref().map(|it| it.text.as_str())
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

    /// The number of the line with this byte.
    pub fn line_at(&self, at: usize) -> usize {
        self.ends.partition_point(|it| *it < at) + 1
    }

    /// A fault at these bytes of the text.
    pub fn fault(&self, span: Range<usize>, field: &str, problem: impl Into<Problem>) -> Fault {
        // A span of an error can end within a character.
        let boundary = |at: usize| self.text.floor_char_boundary(at);
        let (start, end) = (boundary(span.start), boundary(span.end.max(span.start)));
        let line = self.line_at(start) - 1;
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
    let heading = match faults.len() {
        1 => trf!("{path} has 1 fault:", "{path} 有 1 处错误："),
        n => trf!("{path} has {n} faults:", "{path} 有 {n} 处错误："),
    };
    let line = |fault: &Fault| format!("  {path}:{}{}", one_line(fault.to_string()), more(fault));
    let mut lines: Vec<String> = faults.iter().take(MOST_FAULTS).map(line).collect();
    if faults.len() > MOST_FAULTS {
        lines.push(trf!("  and {} more", "  还有 {} 处", faults.len() - MOST_FAULTS));
    }
    format!("{heading}\n{}", lines.join("\n"))
}

/// What a line begins with that names a fault of the line below it, which nobody else writes. A draft may be opened again
/// in another language.
const MARKS: [&str; 2] = ["#! fault: ", "#! 错误："];

/// The comments that [`mark_faults`] left in a draft.
pub fn marks_in(text: &str) -> Vec<String> {
    let is_mark = |line: &&str| MARKS.iter().any(|mark| line.starts_with(mark));
    text.split_inclusive('\n').filter(is_mark).map(str::to_owned).collect()
}

/// A text with a comment above the line of each fault.
#[derive(Debug, Clone)]
pub struct Marked {
    /// The text with the comments.
    pub text: String,
    /// The faults, with their lines in it.
    pub faults: Vec<Fault>,
    /// The comments, each with its line end.
    pub comments: Vec<String>,
}

/// Writes a comment above the line of each fault.
pub fn mark_faults(text: &str, faults: &[Fault]) -> Marked {
    let (mut marked, mut moved, mut comments) = (String::new(), Vec::new(), Vec::new());
    let [english, chinese] = MARKS;
    let mark = tr!(english, chinese);
    let comment = |fault: &Fault| {
        let said = Fault { line: 0, ..fault.clone() }.to_string();
        let said = said.trim_start().replace(|c: char| c == '\n' || is_forbidden(c), " ");
        format!("{mark}{said}\n")
    };
    let mut left: Vec<&Fault> = faults.iter().collect();
    left.sort_by_key(|it| it.line);
    let mut left = left.into_iter().peekable();
    for (line, below) in (0..).zip(std::iter::once("").chain(text.split_inclusive('\n'))) {
        let begin = moved.len();
        while let Some(fault) = left.next_if(|it| it.line == line) {
            comments.push(comment(fault));
            marked.extend(comments.last().map(String::as_str));
            moved.push(fault.clone());
        }
        let shift = moved.len();
        moved.iter_mut().skip(begin).filter(|it| it.line > 0).for_each(|it| it.line += shift);
        marked.push_str(below);
    }
    Marked { text: marked, faults: moved, comments }
}

/// The text without the comments that [`mark_faults`] wrote, each once: people write comments of their own, also in a
/// script that is signed.
pub fn without_marks(text: &str, comments: &[String]) -> String {
    let mut left = comments.to_vec();
    let mut is_own = |line: &&str| match left.iter().position(|comment| comment == line) {
        Some(at) => {
            left.swap_remove(at);
            false
        }
        None => true,
    };
    text.split_inclusive('\n').filter(|line| is_own(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{Lang, within};

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
        let Marked { text: marked, faults, comments } = mark_faults(text, &[fault(0), fault(2), fault(2), fault(3)]);
        let lines: Vec<&str> = marked.lines().collect();
        let found: Vec<(usize, Option<&&str>)> =
            faults.iter().map(|it| (it.line, lines.get(it.line.wrapping_sub(1)))).collect();
        assert_eq!(found, [(0, None), (5, Some(&"risk = 2")), (5, Some(&"risk = 2")), (7, Some(&"risky = 3"))]);
        assert_eq!(marked.matches("#! fault: x: required, but missing or empty\n").count(), 4);
        assert_eq!((without_marks(&marked, &comments).as_str(), marks_in(&marked)), (text, comments));
        let marked = within(Lang::Zh, || mark_faults(text, &[fault(2)]));
        assert_eq!(without_marks(&marked.text, &marks_in(&marked.text)), text, "{}", marked.text);
    }

    #[test]
    fn no_line_that_somebody_wrote_goes_with_the_marks() {
        let text = "shell = \"\"\"\n# 错误：若返回非零则中止\n#! fault: own\nset -e\"\"\"\nrisk = 2\n";
        let fault = Fault { line: 5, ..Fault::of_file("x", Problem::Missing) };
        let marked = mark_faults(text, &[fault]);
        assert_eq!(without_marks(&marked.text, &marked.comments), text);
        assert_eq!(without_marks(text, &[]), text);
    }
}
