//! The signed parts of an entry as lines of a page. Every line of body, text and data is on the page, because the page
//! is made from the lines themselves and not from the fields that somebody thought of.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Gutter, Page, Quoted, mark_width};
use crate::domain::{Folded, Phrase, TemplateName};
use crate::{tr, trf};

/// The exact lines of an entry: its body, its text part and its data part.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    body: String,
    text: String,
    data: String,
    sensitive: Vec<Phrase>,
    /// What its template gives, which is not signed with the entry: the name of the template, and the lines.
    rendered: Option<(TemplateName, String)>,
}

/// Lines of one kind of content, such as the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where it stands on a page, after blocks with a lower number.
    pub place: usize,
    /// The name of the block, such as `plan`.
    pub name: &'static str,
    /// The template that gives these lines; `None` if they were signed with the entry.
    pub template: Option<TemplateName>,
    /// The lines.
    pub lines: Vec<Quoted>,
}

impl Block {
    /// Its heading, in the language of the reader.
    pub fn heading(&self) -> String {
        self.headed(heading(self.name))
    }

    /// This heading, and the template that gives the lines.
    pub fn headed(&self, heading: &str) -> String {
        headed(heading, self.template.as_ref())
    }
}

/// A heading, and the template that gives the lines below it.
pub(super) fn headed(heading: &str, template: Option<&TemplateName>) -> String {
    match template {
        Some(template) => trf!("template {template}: {heading}", "模板 {template}：{heading}"),
        None => heading.to_owned(),
    }
}

/// The heading of a block, in the language of the reader.
pub fn heading(name: &str) -> &str {
    match name {
        "title" => tr!("title", "标题"),
        "fields" => tr!("fields", "字段"),
        "reason" => tr!("reason", "原因"),
        "impact" => tr!("impact", "影响范围"),
        "security" => tr!("security", "安全影响"),
        "conflicts" => tr!("conflicts", "变更冲突"),
        "targets" => tr!("targets", "目标"),
        "plan" => tr!("plan", "实施步骤"),
        "rollback" => tr!("rollback", "回退方案"),
        "abort if" => tr!("abort if", "中止条件"),
        "tests" => tr!("tests", "测试"),
        "success" => tr!("success", "成功标准"),
        "exception" => tr!("exception", "例外理由"),
        "names" => tr!("names", "姓名"),
        "note" => tr!("note", "备注"),
        "source" => tr!("source", "原文"),
        "happened" => tr!("happened", "经过"),
        "helped" => tr!("helped", "有利因素"),
        "hindered" => tr!("hindered", "不利因素"),
        "learned" => tr!("learned", "经验教训"),
        "actions" => tr!("actions", "改进事项"),
        "lost entries" => tr!("lost entries", "丢失的日志条目"),
        "closed periods" => tr!("closed periods", "封网时段"),
        "reserved periods" => tr!("reserved periods", "预留时段"),
        "services" => tr!("services", "服务"),
        "template" => tr!("template", "模板"),
        "entries" => tr!("entries", "日志条目"),
        "other" => tr!("other", "其他"),
        name => name,
    }
}

/// The place of the line about sensitive phrases in an item: after all others.
const MARK: u8 = u8::MAX;

/// The columns that the names of a body's fields take; a longer name moves its value.
pub(super) const NAMES: usize = 11;

/// The fields that change if another entry is recorded first, or that are drawn anew when the entry is signed.
const VOLATILE: [&str; 6] = ["seq", "prev", "governance", "last", "time", "text"];

/// How the lines with a key are shown.
struct Kind {
    key: &'static str,
    block: &'static str,
    gutter: Gutter,
    /// Where they stand in an item of the block.
    place: u8,
    mark: Mark,
}

/// What the program writes before the first line of a value.
enum Mark {
    /// Nothing. The key has no number.
    None,
    /// The number in the key.
    Number,
    /// The number of the line among those with this key.
    Count,
    /// This word. The key has a number, which another line of the item shows.
    Word(&'static str),
    /// This word on each line. The key has a number, which another line of the item shows.
    EachLine(&'static str),
}

const fn kind(key: &'static str, block: &'static str, gutter: Gutter, place: u8, mark: Mark) -> Kind {
    Kind { key, block, gutter, place, mark }
}

/// The keys of text and data parts, in the order of a page.
const KINDS: [Kind; 35] = {
    use Gutter::{Command, Machine, Prose};
    use Mark::{Count, EachLine, None, Number, Word};
    [
        kind("title", "title", Prose, 0, None),
        kind("reason", "reason", Prose, 0, None),
        kind("impact", "impact", Prose, 0, None),
        kind("security", "security", Prose, 0, None),
        kind("conflict", "conflicts", Machine, 0, None),
        kind("target", "targets", Machine, 0, Count),
        kind("plan", "plan", Prose, 0, Number),
        kind("plan-command", "plan", Command, 1, Word("")),
        kind("plan-arg", "plan", Machine, 2, EachLine("arg")),
        kind("plan-shell", "plan", Machine, 2, EachLine("sh")),
        kind("plan-cwd", "plan", Machine, 2, EachLine("cwd")),
        kind("plan-account", "plan", Machine, 2, EachLine("account")),
        kind("rollback", "rollback", Prose, 0, Number),
        kind("rollback-command", "rollback", Command, 1, Word("")),
        kind("rollback-arg", "rollback", Machine, 2, EachLine("arg")),
        kind("rollback-shell", "rollback", Machine, 2, EachLine("sh")),
        kind("rollback-cwd", "rollback", Machine, 2, EachLine("cwd")),
        kind("rollback-account", "rollback", Machine, 2, EachLine("account")),
        kind("abort-if", "abort if", Prose, 0, Number),
        kind("test", "tests", Prose, 0, Number),
        kind("test-result", "tests", Prose, 1, Word("result:")),
        kind("test-evidence", "tests", Prose, 2, Word("evidence:")),
        kind("success", "success", Prose, 0, None),
        kind("exception", "exception", Prose, 0, None),
        kind("name", "names", Prose, 0, None),
        kind("note", "note", Prose, 0, None),
        kind("source", "source", Prose, 0, None),
        kind("happened", "happened", Prose, 0, None),
        kind("helped", "helped", Prose, 0, None),
        kind("hindered", "hindered", Prose, 0, None),
        kind("learned", "learned", Prose, 0, None),
        kind("action", "actions", Prose, 0, Number),
        kind("lost", "lost entries", Machine, 0, None),
        kind("period", "closed periods", Machine, 0, Count),
        kind("reserved", "reserved periods", Machine, 0, Count),
    ]
};

/// How the lines of an unknown key are shown: as text, with the key on each.
const UNKNOWN: Kind = kind("", "other", Gutter::Prose, 0, Mark::None);

/// A line with what its place on the page depends on.
struct Placed {
    block: &'static str,
    order: (usize, u64, u8),
    line: Quoted,
    /// The line as it was signed, if it is of a command.
    command: Option<String>,
    /// Whether the template of the revision gives it.
    rendered: bool,
}

impl Parts {
    /// The parts of an entry. The body ends at the first empty line of `blob`.
    pub fn new(blob: &[u8], text: Option<&[u8]>, data: Option<&[u8]>) -> Self {
        let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let blob = lines(blob);
        let body = blob.split_once("\n\n").map_or(blob.as_str(), |(body, _)| body).to_owned();
        Self {
            body,
            text: lines(text.unwrap_or_default()),
            data: lines(data.unwrap_or_default()),
            sensitive: Vec::new(),
            rendered: None,
        }
    }

    /// The data part of a proposal to set a template.
    pub fn of_template(data: &[u8]) -> Self {
        Self::new(OF_TEMPLATE.as_bytes(), None, Some(data))
    }

    /// The same with what the template of a revision gives: the lines of a text and of a data part, with its blanks filled in.
    pub fn from_template(self, template: &TemplateName, text: &[u8], data: &[u8]) -> Self {
        let lines = [text, data].map(String::from_utf8_lossy).concat();
        Self { rendered: Some((template.clone(), lines)), ..self }
    }

    /// The same with a line below each step whose command has one of these phrases.
    pub fn marking<'p>(self, phrases: impl IntoIterator<Item = &'p Phrase>) -> Self {
        Self { sensitive: phrases.into_iter().cloned().collect(), ..self }
    }

    /// The fields of the body, then the salt of the text part.
    pub fn fields(&self) -> Vec<Quoted> {
        let salt = self.text.lines().filter(|line| line.starts_with("salt "));
        self.body.lines().chain(salt).map(field).collect()
    }

    /// The fields of a body that is about to be signed, without those that are not known yet. A new change, proposal or
    /// break-glass gets its number when it is recorded.
    pub fn settled_fields(&self) -> Vec<Quoted> {
        let files = self.body.starts_with("twinseal/change.file/");
        let opens = ["open", "enter"].iter().any(|it| self.body.starts_with(&format!("twinseal/breakglass.{it}/")));
        let tells = self.body.starts_with("twinseal/deviation.record/");
        let numbered = |line: &Quoted| match line.mark.as_str() {
            "change" => files,
            "proposal" => !line.text.contains(' '),
            "breakglass" => opens,
            "deviation" => tells,
            _ => false,
        };
        let fields = self.body.lines().map(field);
        fields.filter(|line| !VOLATILE.contains(&line.mark.as_str()) && !numbered(line)).collect()
    }

    /// The fields of a revision that its requester chose: those after its number.
    pub fn chosen_fields(&self) -> Vec<Quoted> {
        self.fields().drain(self.chosen()).collect()
    }

    /// The other fields of a revision: those that every entry has.
    pub fn other_fields(&self) -> Vec<Quoted> {
        let mut fields = self.fields();
        fields.drain(self.chosen());
        fields
    }

    /// Which fields of a revision its requester chose.
    fn chosen(&self) -> Range<usize> {
        let fields = self.fields();
        let position = |names: &[&str]| fields.iter().position(|line| names.contains(&line.mark.as_str()));
        let end = position(&["data", "filled", "text"]).unwrap_or(fields.len());
        position(&["kind"]).unwrap_or(end).min(end)..end
    }

    /// What the text and the data part hold, except the salt.
    pub fn content(&self) -> Vec<Block> {
        let mut placed: Vec<Placed> = Vec::new();
        let mut last = (String::new(), 0);
        let services = self.body.starts_with("twinseal/service.set/");
        let template = self.body.starts_with(OF_TEMPLATE);
        for line in self.text.lines().filter(|line| !line.starts_with("salt ")) {
            placed.push(place(line, &mut last));
        }
        for line in self.data.lines() {
            placed.push(match line.split(' ').next() {
                _ if services => of_service(line),
                Some(key) if template && TEMPLATE_KEYS.contains(&key) => of_template(line),
                _ => place(line, &mut last),
            });
        }
        let own = placed.len();
        let rendered = self.rendered.iter().flat_map(|(_, lines)| lines.lines());
        placed.extend(rendered.filter(|line| !line.starts_with("salt ")).map(|line| place(line, &mut last)));
        placed.iter_mut().skip(own).for_each(|it| it.rendered = true);
        number_redacted(&mut placed);
        self.mark_sensitive(&mut placed);
        placed.sort_by_key(|it| it.order);
        let mut blocks: Vec<Block> = Vec::new();
        let name = self.rendered.as_ref().map(|(name, _)| name);
        for Placed { block, order: (place, ..), line, rendered, .. } in placed {
            let template = name.filter(|_| rendered).cloned();
            match blocks.last_mut().filter(|last| last.name == block && last.template == template) {
                Some(last) => last.lines.push(line),
                None => blocks.push(Block { place, name: block, template, lines: vec![line] }),
            }
        }
        blocks
    }
}

impl Parts {
    /// Adds a line below each step whose command has a sensitive phrase: a command of the text, or one of the data part.
    fn mark_sensitive(&self, placed: &mut Vec<Placed>) {
        let mut commands: BTreeMap<(&'static str, usize, u64, u8), Vec<&str>> = BTreeMap::new();
        for Placed { block, order: (order, number, place), command, .. } in placed.iter() {
            let lines = command.iter().map(String::as_str);
            commands.entry((block, *order, *number, *place)).or_default().extend(lines);
        }
        let mut found: BTreeMap<(&'static str, usize, u64), BTreeSet<&Phrase>> = BTreeMap::new();
        for ((block, order, number, _), lines) in commands {
            let command = Folded::of(&lines.join(" "));
            let phrases = self.sensitive.iter().filter(|it| command.has(it));
            found.entry((block, order, number)).or_default().extend(phrases);
        }
        let marks =
            found.into_iter().filter(|(_, phrases)| !phrases.is_empty()).map(|((block, order, number), phrases)| {
                let phrases = super::list(phrases.iter().map(|it| format!("\"{it}\"")));
                let line = Quoted::new(Gutter::Program, trf!("sensitive: {phrases}", "敏感命令：{phrases}"));
                Placed { block, order: (order, number, MARK), line, command: None, rendered: self.rendered.is_some() }
            });
        let marks: Vec<Placed> = marks.collect();
        placed.extend(marks);
    }
}

fn field(line: &str) -> Quoted {
    let (name, value) = line.split_once(' ').unwrap_or((line, ""));
    Quoted::new(Gutter::Field, value).marked(name)
}

/// Decides where a line of text or data belongs. `last` is the key and number of the line before, and how many lines
/// had this key.
fn place(line: &str, last: &mut (String, u64)) -> Placed {
    let (key, mut value) = line.split_once(' ').unwrap_or((line, ""));
    let found = KINDS.iter().enumerate().find(|(_, kind)| kind.key == key);
    let Some((at, kind)) = found else {
        let (order, line) = ((KINDS.len(), 0, UNKNOWN.place), Quoted::new(UNKNOWN.gutter, line));
        return Placed { block: UNKNOWN.block, order, line, command: None, rendered: false };
    };
    let (mut number, mut whole) = (0, key);
    if matches!(kind.mark, Mark::Number | Mark::Word(_) | Mark::EachLine(_)) {
        let (digits, rest) = value.split_once(' ').unwrap_or((value, ""));
        number = digits.parse().unwrap_or_default();
        whole = &line[..key.len() + 1 + digits.len()];
        value = rest;
    }
    let first = last.0 != whole;
    let count = if last.0 == whole { last.1 + 1 } else { 1 };
    *last = (whole.to_owned(), count);
    let mark = match kind.mark {
        Mark::Number if first => format!("{number}."),
        Mark::Count => format!("{count}."),
        Mark::Word("result:") if first => tr!("result:", "结果：").to_owned(),
        Mark::Word("evidence:") if first => tr!("evidence:", "证据：").to_owned(),
        Mark::Word(word) if first => word.to_owned(),
        Mark::EachLine(word) => word.to_owned(),
        _ => String::new(),
    };
    let exact = kind.gutter == Gutter::Machine && ["arg", "cwd", "account"].contains(&mark.as_str());
    let text = if exact { in_quotes(value) } else { value.to_owned() };
    let order = KINDS.iter().position(|it| it.block == kind.block).unwrap_or(at);
    let is_command = ["-command", "-arg", "-shell"].iter().any(|end| kind.key.ends_with(end));
    let command = is_command.then(|| value.to_owned());
    Placed {
        block: kind.block,
        order: (order, number, kind.place),
        line: Quoted { gutter: kind.gutter, mark, text },
        command,
        rendered: false,
    }
}

/// A line about a service, with its key. Some of these keys have other meanings in other entries.
fn of_service(line: &str) -> Placed {
    let (key, value) = line.split_once(' ').unwrap_or((line, ""));
    let line = Quoted::new(Gutter::Machine, value).marked(key);
    Placed { block: "services", order: (KINDS.len(), 0, 0), line, command: None, rendered: false }
}

/// The first line of a proposal to set a template, without its version.
const OF_TEMPLATE: &str = "twinseal/template.set/";

/// The keys of a template that have no block of their own.
const TEMPLATE_KEYS: [&str; 12] = [
    "risk",
    "outage-minutes",
    "rollback-minutes",
    "lead-minutes",
    "service",
    "environment",
    "most-targets",
    "blank",
    "allow",
    "pattern",
    "least",
    "most",
];

/// A line of a template, with its key, above its texts.
fn of_template(line: &str) -> Placed {
    let (key, value) = line.split_once(' ').unwrap_or((line, ""));
    let line = Quoted::new(Gutter::Machine, value).marked(key);
    Placed { block: "template", order: (0, 0, 0), line, command: None, rendered: false }
}

/// In double quotes, with a backslash before `"` and `\`, so that the ends of an argument are visible.
fn in_quotes(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Adds the numbers of steps whose text was redacted, because only the text shows the number.
fn number_redacted(placed: &mut Vec<Placed>) {
    let has_text =
        |block: &str, number: u64| placed.iter().any(|it| it.block == block && it.order.1 == number && it.order.2 == 0);
    let alone = placed.iter().filter(|it| it.order.2 > 0 && !has_text(it.block, it.order.1));
    let mut missing: Vec<(&'static str, (usize, u64, u8))> = alone.map(|it| (it.block, it.order)).collect();
    missing.dedup_by_key(|(block, (_, number, _))| (*block, *number));
    for (block, (order, number, _)) in missing {
        let line = Quoted::new(Gutter::Program, tr!("(text redacted)", "（文本已隐去）")).marked(format!("{number}."));
        placed.push(Placed { block, order: (order, number, 0), line, command: None, rendered: false });
    }
}

impl Page {
    /// Adds fields of a body, with their names in a column.
    pub fn fields(&mut self, fields: &[Quoted]) -> &mut Self {
        for line in fields {
            self.quote(line, NAMES);
        }
        self
    }

    /// Adds lines of content, with their marks in a column.
    pub fn lines(&mut self, lines: &[Quoted]) -> &mut Self {
        let marks = mark_width(lines);
        for line in lines {
            self.quote(line, marks);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{Lang, within};

    #[test]
    fn no_block_is_without_a_chinese_heading() {
        for name in KINDS.iter().chain([&UNKNOWN]).map(|it| it.block).chain(["fields"]) {
            let chinese = within(Lang::Zh, || heading(name).to_owned());
            assert!(!chinese.is_ascii() && heading(name) == name, "{name}: {chinese}");
        }
    }
}
