//! The rules that refuse an entry, each with its name, message and hint. The files below list them by subject.

use std::fmt::Display;

use crate::domain::{
    ArtifactName, BlankName, BreakGlassId, CalendarName, ChangeId, Closed, ConflictOfInterest, DeviationId, Digest,
    Duty, Environment, Excepting, Field, Fingerprint, FreezeName, Group, KeyNeed, KeyState, Needed, Opens, Outcome,
    PartInBreakGlass, PartInChange, PartInDeviation, PersonId, Phrase, ProposalId, RequirementName, Role, RunId,
    ServiceId, Status, Tag, Target, TemplateName, Time, Window,
};
use crate::trf;

mod break_glass;
mod checkpoint;
mod conflict;
mod define;
mod deviation;
mod execution;
mod filing;
mod governance;
mod review;
mod rule;
mod service;
mod template;

use break_glass::break_glass;
use checkpoint::checkpoint;
use conflict::conflict;
use define::refusals;
use deviation::deviation;
use execution::execution;
use filing::filing;
use governance::governance;
use review::review;
pub use rule::Rule;
use service::service;
use template::template;

/// A word as it is typed. In Chinese it stands behind what it means.
fn typed(word: impl Display, phrase: &str) -> String {
    trf!("{word}", "{phrase}（{word}）")
}

// Each macro adds its list and passes all on to the next; `refusals` makes one enum of them.
governance! { filing! execution! break_glass! checkpoint! review! deviation! service! template! conflict! refusals!; }

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Refusal;

    fn is_chinese(c: char) -> bool {
        matches!(c, '\u{3400}'..='\u{9fff}')
    }

    /// The parts of a text that are in backticks: what a reader types.
    fn typed(text: &str) -> BTreeSet<&str> {
        text.split('`').skip(1).step_by(2).collect()
    }

    /// The values of a text, by name; those without a name are counted.
    fn values(text: &str) -> (BTreeSet<&str>, usize) {
        let values = || text.split('{').skip(1).filter_map(|it| it.split('}').next());
        (values().filter(|it| !it.is_empty()).collect(), values().filter(|it| it.is_empty()).count())
    }

    #[test]
    fn no_refusal_is_without_its_chinese() {
        assert_eq!(Refusal::TEXTS.len(), 2 * Refusal::RULES.len());
        for [english, chinese] in Refusal::TEXTS {
            assert_eq!(english.is_empty(), !chinese.contains(is_chinese), "{english}: {chinese}");
            assert_eq!(typed(english), typed(chinese), "{chinese}");
            assert_eq!(values(english), values(chinese), "{chinese}");
        }
    }

    #[test]
    fn chinese_stands_apart_from_latin_letters_but_not_from_its_punctuation() {
        let is_latin = |c: char| c.is_ascii_alphanumeric() || c == '`';
        for [_, text] in Refusal::TEXTS {
            let chars: Vec<char> = text.chars().collect();
            for pair in chars.windows(2) {
                let [one, next] = [pair[0], pair[1]];
                let glued = is_chinese(one) && is_latin(next) || is_latin(one) && is_chinese(next);
                let parted = |a: char, b: char| a == ' ' && "，。：；、（）“”".contains(b);
                assert!(!glued && !parted(one, next) && !parted(next, one), "{text}");
                assert!(!is_chinese(one) || !",;:.()".contains(next), "{text}");
            }
        }
    }
}
