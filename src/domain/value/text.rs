//! Free text: titles, reasons, plans, notes, display names. No rule reads it. The body of an entry holds the digest of
//! the text and lists the filled fields.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Invalid, PersonId};

/// Whether a character could control a terminal, reorder text or stay unseen. The list is fixed, so that no later
/// version of Unicode changes what is valid. It is made from Unicode 16.0.0: general categories Cc, Cf, Zl and Zp,
/// Default_Ignorable_Code_Point, and six characters with a blank glyph: the blank Braille pattern, the object
/// replacement character, two blank hieroglyphs, the Khitan filler, and the null notehead.
pub fn is_forbidden(c: char) -> bool {
    // Nearly every character is printable ASCII.
    let printable = (' '..='~').contains(&c);
    !printable
        && matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}'
        | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
        | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffc}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{13441}'
        | '\u{13442}' | '\u{16fe4}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// White space, which is invisible at the end of a line. A fixed list for the same reason (Unicode 16, category Zs).
pub(in crate::domain) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Text of one or more lines, separated by LF. It is never empty and has no forbidden character, no white space at
/// the end of a line, and no blank first or last line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Prose(String);

impl Prose {
    /// Normalizes typed text: NFC (Unicode Annex 15), line ends as LF, no white space at the end
    /// of lines, no blank lines around it.
    ///
    /// # Errors
    /// [`Invalid::Empty`] and [`Invalid::Forbidden`].
    pub fn from_typed(typed: &str) -> Result<Self, Invalid> {
        let composed: String = typed.nfc().collect();
        let lines: Vec<&str> = composed.lines().map(|line| line.trim_end_matches(is_space)).collect();
        let filled = |line: &&str| !line.is_empty();
        let first = lines.iter().position(filled).ok_or(Invalid::Empty)?;
        let last = lines.iter().rposition(filled).ok_or(Invalid::Empty)?;
        lines[first..=last].join("\n").try_into()
    }

    /// The text, its lines separated by LF.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text with its blanks filled in. No value can make it invalid: see [`crate::domain::BlankValue`].
    pub(in crate::domain) fn map(&self, fill: &mut dyn FnMut(&str) -> String) -> Self {
        Self(fill(&self.0))
    }
}

impl FromStr for Prose {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Prose {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::Empty);
        }
        for (at, line) in text.split('\n').enumerate() {
            if let Some(found) = line.chars().find(|c| is_forbidden(*c)) {
                return Err(Invalid::Forbidden { found, line: at + 1 });
            }
            if line.ends_with(is_space) {
                return Err(Invalid::Untrimmed);
            }
        }
        if text.starts_with('\n') || text.ends_with('\n') {
            return Err(Invalid::Untrimmed);
        }
        Ok(Self(text))
    }
}

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// [`Prose`] of a single line of at most [`Line::MOST`] characters, without two white space characters in a row: two
/// titles or names that differ only in how wide a gap is would look the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line(Prose);

impl Line {
    /// The limit, in characters.
    pub const MOST: usize = 200;

    /// Normalizes a typed line as [`Prose::from_typed`] does.
    ///
    /// # Errors
    /// Those of [`Prose::from_typed`], and [`Invalid::Lines`], [`Invalid::TooLong`], [`Invalid::SpaceRun`].
    pub fn from_typed(typed: &str) -> Result<Self, Invalid> {
        // Other white space is forbidden, and not dropped.
        let around = |c| is_space(c) || matches!(c, '\t' | '\n' | '\r');
        Prose::from_typed(typed.trim_matches(around))?.try_into()
    }

    /// A line that is part of the program.
    pub(in crate::domain) fn fixed(line: &'static str) -> Self {
        Self(Prose(line.to_owned()))
    }

    /// The line.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<Prose> for Line {
    type Error = Invalid;

    fn try_from(prose: Prose) -> Result<Self, Invalid> {
        let length = prose.as_str().chars().count();
        match prose.as_str() {
            text if text.contains('\n') => Err(Invalid::Lines),
            _ if length > Self::MOST => Err(Invalid::TooLong { length, most: Self::MOST }),
            text if text.starts_with(is_space) => Err(Invalid::Untrimmed),
            text if has_space_run(text) => Err(Invalid::SpaceRun),
            _ => Ok(Self(prose)),
        }
    }
}

fn has_space_run(text: &str) -> bool {
    text.chars().zip(text.chars().skip(1)).any(|(one, next)| is_space(one) && is_space(next))
}

impl FromStr for Line {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse::<Prose>()?.try_into()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

closed_enum!(
    /// A field of free text.
    Field, ["a text field", "文本字段"], {
        /// A summary of the change, in one line.
        Title => "title", "标题";
        /// The reason for a change, a proposal or a decision.
        Reason => "reason", "原因";
        /// The impact on the business.
        Impact => "impact", "影响范围";
        /// The impact on security.
        Security => "security", "安全影响";
        /// The steps.
        Plan => "plan", "实施步骤";
        /// The rollback steps.
        Rollback => "rollback", "回退方案";
        /// The conditions under which to roll back.
        AbortIf => "abort-if", "中止条件";
        /// The tests made before filing.
        Tests => "tests", "测试";
        /// The criteria for success.
        Success => "success", "成功标准";
        /// The reason for exceptions to requirements of the policy, and from freezes.
        Exception => "exception", "例外理由";
        /// A comment.
        Note => "note", "备注";
        /// The source text of a policy, including its comments.
        Source => "source", "原文";
        /// People's display names.
        Name => "name", "姓名";
        /// What happened, in a review.
        Happened => "happened", "经过";
        /// What helped.
        Helped => "helped", "有利因素";
        /// What hindered.
        Hindered => "hindered", "不利因素";
        /// What we learned.
        Learned => "learned", "经验教训";
        /// What is to be done about it.
        Actions => "actions", "改进事项";
    }
);

/// The fields that an entry fills, and the SHA-256 of its text part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRef {
    /// The filled fields; at least one.
    pub filled: BTreeSet<Field>,
    /// The digest of the exact text part.
    pub digest: crate::domain::Digest,
}

/// One step of a plan or rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The instruction.
    pub text: Prose,
    /// The command to run, if any.
    pub command: Option<Prose>,
}

/// A test made before the change was filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The test.
    pub what: Prose,
    /// The result.
    pub result: Prose,
    /// The evidence file, as the requester named it; its digest is in the body of the entry.
    pub evidence: Option<Line>,
}

/// The free text of a revision. Every part is optional here; the filing rules require some of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// See [`Field::Title`]; likewise below.
    pub title: Option<Line>,
    /// The reason for the change.
    pub reason: Option<Prose>,
    /// The impact on the business.
    pub impact: Option<Prose>,
    /// The impact on security.
    pub security: Option<Prose>,
    /// The steps, in order.
    pub plan: Vec<Step>,
    /// The rollback steps, in order.
    pub rollback: Vec<Step>,
    /// The conditions under which to roll back.
    pub abort_if: Vec<Prose>,
    /// The tests made before filing.
    pub tests: Vec<Trial>,
    /// The criteria for success.
    pub success: Option<Prose>,
    /// The reason for exceptions to requirements of the policy, and from freezes.
    pub exception: Option<Prose>,
}

impl Description {
    /// The fields that it fills.
    pub fn filled(&self) -> BTreeSet<Field> {
        [
            (Field::Title, self.title.is_some()),
            (Field::Reason, self.reason.is_some()),
            (Field::Impact, self.impact.is_some()),
            (Field::Security, self.security.is_some()),
            (Field::Plan, !self.plan.is_empty()),
            (Field::Rollback, !self.rollback.is_empty()),
            (Field::AbortIf, !self.abort_if.is_empty()),
            (Field::Tests, !self.tests.is_empty()),
            (Field::Success, self.success.is_some()),
            (Field::Exception, self.exception.is_some()),
        ]
        .into_iter()
        .filter_map(|(field, filled)| filled.then_some(field))
        .collect()
    }

    /// The same with the blanks of its texts filled in; a template has no title and names no file.
    pub(in crate::domain) fn map(&self, fill: &mut dyn FnMut(&str) -> String) -> Self {
        let Self { title, reason, impact, security, plan, rollback, abort_if, tests, success, exception } = self;
        let mut optional = |prose: &Option<Prose>| prose.as_ref().map(|it| it.map(fill));
        let (reason, exception) = (optional(reason), optional(exception));
        let (impact, security, success) = (optional(impact), optional(security), optional(success));
        let mut steps = |steps: &[Step]| -> Vec<Step> {
            let step =
                |it: &Step| Step { text: it.text.map(fill), command: it.command.as_ref().map(|it| it.map(fill)) };
            steps.iter().map(step).collect()
        };
        let (plan, rollback) = (steps(plan), steps(rollback));
        let abort_if = abort_if.iter().map(|it| it.map(fill)).collect();
        let trial =
            |it: &Trial| Trial { what: it.what.map(fill), result: it.result.map(fill), evidence: it.evidence.clone() };
        let tests = tests.iter().map(trial).collect();
        let title = title.clone();
        Self { title, reason, impact, security, plan, rollback, abort_if, tests, success, exception }
    }

    /// Whether somebody wrote these words, in one field. White space, line ends, case and the Unicode form do not matter.
    pub fn contains(&self, words: &SearchWords) -> bool {
        let prose = [&self.reason, &self.impact, &self.security, &self.success, &self.exception].into_iter().flatten();
        let steps = self.plan.iter().chain(&self.rollback);
        let steps = steps.flat_map(|step| [Some(&step.text), step.command.as_ref()]).flatten();
        let tests = self.tests.iter().flat_map(|test| [&test.what, &test.result]);
        let mut written = prose.chain(steps).chain(&self.abort_if).chain(tests).map(Prose::as_str);
        self.title.as_ref().is_some_and(|title| words.are_in(title.as_str())) || written.any(|text| words.are_in(text))
    }
}

/// Words to search for, in the form in which texts are compared.
#[derive(Debug, Clone)]
pub struct SearchWords(String);

impl SearchWords {
    /// The words as typed.
    pub fn new(typed: &str) -> Self {
        Self(folded(typed))
    }

    fn are_in(&self, text: &str) -> bool {
        folded(text).contains(&self.0)
    }
}

fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    // By letter, and by way of upper case, so that ß is ss, and a final sigma is a sigma.
    words.join(" ").chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// The free text of a review. Every part is optional here; the rules require some of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewText {
    /// See [`Field::Happened`]; likewise below.
    pub happened: Option<Prose>,
    /// What helped.
    pub helped: Option<Prose>,
    /// What hindered.
    pub hindered: Option<Prose>,
    /// What we learned.
    pub learned: Option<Prose>,
    /// What is to be done, by the number of the action.
    pub actions: BTreeMap<u64, Prose>,
}

impl ReviewText {
    /// The parts without the actions, each with its field.
    pub fn parts(&self) -> [(Field, Option<&Prose>); 4] {
        [
            (Field::Happened, self.happened.as_ref()),
            (Field::Helped, self.helped.as_ref()),
            (Field::Hindered, self.hindered.as_ref()),
            (Field::Learned, self.learned.as_ref()),
        ]
    }
}

/// The text part of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// Of a filed revision.
    Description(Box<Description>),
    /// Of entries that enrol people: their display names.
    Names(BTreeMap<PersonId, Line>),
    /// Of entries with one remark: [`Field::Reason`] or [`Field::Note`].
    Remark(Field, Prose),
    /// Of a review.
    Review(Box<ReviewText>),
}

impl Text {
    /// The fields that this text fills.
    pub fn filled(&self) -> BTreeSet<Field> {
        match self {
            Self::Names(names) => [Field::Name].into_iter().filter(|_| !names.is_empty()).collect(),
            Self::Remark(field, _) => [*field].into(),
            Self::Review(it) => {
                let parts = it.parts().map(|(field, prose)| (field, prose.is_some()));
                let all = parts.into_iter().chain([(Field::Actions, !it.actions.is_empty())]);
                all.filter_map(|(field, filled)| filled.then_some(field)).collect()
            }
            Self::Description(it) => it.filled(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_is_brought_into_form() {
        let prose = Prose::from_typed("\r\n\n  indented \r\n\ncafe\u{301}  \n\n").unwrap();
        assert_eq!(prose.as_str(), "  indented\n\ncaf\u{e9}");
        assert_eq!(Prose::from_typed(" \n \n"), Err(Invalid::Empty));
    }

    #[test]
    fn one_line_does_not_begin_with_white_space() {
        for (text, line) in [("a b", Ok(())), (" a", Err(Invalid::Untrimmed)), ("\u{a0}a", Err(Invalid::Untrimmed))] {
            assert_eq!(text.parse::<Prose>().and_then(Line::try_from).map(|_| ()), line, "{text:?}");
        }
    }

    #[test]
    fn one_line_has_no_run_of_white_space() {
        for text in ["a  b", "a \u{a0}b", "a\u{3000}\u{3000}b", "a b \u{2003} c"] {
            assert_eq!(text.parse::<Line>(), Err(Invalid::SpaceRun), "{text:?}");
            assert_eq!(Line::from_typed(text), Err(Invalid::SpaceRun), "{text:?}");
            assert!(text.parse::<Prose>().is_ok(), "prose keeps its columns: {text:?}");
        }
        for text in ["a b c", "a\u{3000}b c", "回滚 方案"] {
            assert!(text.parse::<Line>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn deceptive_characters_are_refused() {
        let controls = ['\0', '\t', '\u{1b}', '\u{7f}', '\u{85}', '\u{202e}', '\u{2066}', '\u{6dd}'];
        let unseen = ['\u{200b}', '\u{feff}', '\u{1bca0}', '\u{2800}', '\u{fe0f}', '\u{fffc}', '\u{e0100}'];
        for c in controls.into_iter().chain(unseen) {
            let typed = format!("one\nb{c}d");
            assert_eq!(Prose::from_typed(&typed), Err(Invalid::Forbidden { found: c, line: 2 }), "{c:?}");
        }
        for bad in ["a \nb", "\na", "a\n", "a\r\nb", ""] {
            assert!(bad.parse::<Prose>().is_err(), "{bad:?}");
        }
        assert!("回滚方案 🚀 naïve".parse::<Prose>().is_ok());
    }

    #[test]
    fn a_line_is_one_short_line() {
        assert_eq!(Line::from_typed("a\nb"), Err(Invalid::Lines));
        assert_eq!(Line::from_typed(&"é".repeat(201)), Err(Invalid::TooLong { length: 201, most: 200 }));
        assert!(Line::from_typed(&"é".repeat(200)).is_ok());
    }
}
