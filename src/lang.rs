//! The language of what people read: English, or simplified Chinese as brokers in China write it.
//!
//! Both languages of a text stand side by side where the text is made, in [`tr!`](crate::tr) or
//! [`trf!`](crate::trf), so that a text without its translation does not compile. Signed bytes, JSON, exports, exit
//! codes and the words that are typed are the same in both.
//!
//! The language belongs to the thread: `Display` of an error takes no argument. A notice is written
//! [`within`] the language of its target.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

thread_local! {
    static LANG: Cell<Lang> = const { Cell::new(Lang::En) };
}

/// The language of this thread; English unless [`within`] says otherwise.
pub fn lang() -> Lang {
    LANG.get()
}

/// Runs `work` in a language, and returns to the language before.
pub fn within<T>(lang: Lang, work: impl FnOnce() -> T) -> T {
    /// Restores the language when the work is done, also if it unwinds.
    struct Before(Lang);
    impl Drop for Before {
        fn drop(&mut self) {
            LANG.set(self.0);
        }
    }
    let _before = Before(LANG.replace(lang));
    work()
}

impl Lang {
    /// The language of a POSIX locale such as `zh_CN.UTF-8`. Chinese needs simplified letters and UTF-8: a terminal with
    /// another encoding would show other letters.
    pub fn of_locale(locale: &str) -> Self {
        let (language, encoding) = locale.split_once('.').unwrap_or((locale, ""));
        let encoding = encoding.split('@').next().unwrap_or_default().to_ascii_lowercase();
        let simplified = ["zh", "zh_CN", "zh_SG"].contains(&language);
        if simplified && ["utf-8", "utf8"].contains(&encoding.as_str()) { Self::Zh } else { Self::En }
    }

    /// The tag of the language (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tag())
    }
}

impl From<Lang> for &'static str {
    fn from(lang: Lang) -> Self {
        lang.tag()
    }
}

/// A language that twinseal does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", crate::tr!("must be en or zh-CN", "只能是 en 或 zh-CN"))]
pub struct NoLang;

impl FromStr for Lang {
    type Err = NoLang;

    /// Reads a tag, also as people write it: `zh`, `zh_CN`, `zh-cn`, `zh_CN.UTF-8`.
    fn from_str(text: &str) -> Result<Self, NoLang> {
        let text = text.strip_suffix(".UTF-8").or(text.strip_suffix(".utf8")).unwrap_or(text);
        match text.replace('_', "-").to_ascii_lowercase().as_str() {
            "en" | "en-us" | "en-gb" | "c" => Ok(Self::En),
            "zh" | "zh-cn" | "zh-hans" | "zh-hans-cn" => Ok(Self::Zh),
            _ => Err(NoLang),
        }
    }
}

impl TryFrom<String> for Lang {
    type Error = NoLang;

    fn try_from(text: String) -> Result<Self, NoLang> {
        text.parse()
    }
}

/// A fixed text in the language of the reader: `tr!("ready", "就绪")`, a `&'static str`.
#[macro_export]
macro_rules! tr {
    ($en:expr, $zh:expr $(,)?) => {
        match $crate::lang::lang() {
            $crate::lang::Lang::En => $en,
            $crate::lang::Lang::Zh => $zh,
        }
    };
}

/// A text with values in the language of the reader: `trf!("no change {id}", "没有变更单 {id}")`, a `String`. The values
/// follow as in `format!`; both texts use all of those that are numbered.
#[macro_export]
macro_rules! trf {
    ($en:literal, $zh:literal $(, $($args:tt)*)?) => {
        match $crate::lang::lang() {
            $crate::lang::Lang::En => format!($en $(, $($args)*)?),
            $crate::lang::Lang::Zh => format!($zh $(, $($args)*)?),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_ends_with_the_work() {
        assert_eq!(
            within(Lang::Zh, || (tr!("no", "否"), trf!("{} of {n}", "{n} 之 {}", 1, n = 2))),
            ("否", "2 之 1".to_owned())
        );
        assert_eq!(lang(), Lang::En);
        let unwound = std::panic::catch_unwind(|| within(Lang::Zh, || std::panic::resume_unwind(Box::new(()))));
        assert!(unwound.is_err() && lang() == Lang::En);
    }

    #[test]
    fn chinese_needs_a_locale_in_utf_8() {
        for locale in ["zh_CN.UTF-8", "zh_CN.utf8", "zh.UTF-8", "zh_SG.UTF-8", "zh_CN.UTF-8@pinyin"] {
            assert_eq!(Lang::of_locale(locale), Lang::Zh, "{locale}");
        }
        for locale in ["zh_CN", "zh_CN.GBK", "zh_TW.UTF-8", "en_US.UTF-8", "C.UTF-8", "POSIX", "", "zho_CN.UTF-8"] {
            assert_eq!(Lang::of_locale(locale), Lang::En, "{locale}");
        }
    }
}
