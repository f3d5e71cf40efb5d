//! The names of templates and their blanks, and what a change writes into a blank.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::Invalid;
use crate::domain::value::ids::{is_name, short_name, string_id};
use crate::tr;

string_id!(
    /// The name of a template: `restart-gateway`.
    TemplateName,
    ["a template's name", "模板名称"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// The name of a blank of a template: `node`.
    BlankName,
    ["a blank's name", "空项名称"],
    short_name(),
    |text| is_name(text, 32)
);

impl BlankName {
    /// The blank as it stands in a text: `{{node}}`.
    pub fn written(&self) -> String {
        format!("{{{{{self}}}}}")
    }
}

/// Whether a character may be in a value: none that a shell reads, and no white space.
pub(in crate::domain) fn is_value_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._:/-".contains(c)
}

string_id!(
    /// What a change writes into a blank: `gw-03`. It cannot be an option, a quote or any other syntax of a shell.
    BlankValue,
    ["a value for a blank", "空项的值"],
    tr!(
        "1 to 64 characters of A-Z, a-z, 0-9 and ._:/-, not beginning with -",
        "1 至 64 个字符，可用 A-Z、a-z、0-9 和 ._:/-，不能以 - 开头"
    ),
    |text| (1..=64).contains(&text.len()) && !text.starts_with('-') && text.chars().all(is_value_char)
);

string_id!(
    /// The pattern of a value: `#` stands for a digit, `@` for a lower-case letter, and any other character for itself.
    BlankPattern,
    ["a pattern for a blank", "空项的格式"],
    tr!(
        "1 to 64 characters: # for a digit, @ for a lower-case letter, and A-Z, a-z, 0-9 and ._:/- for themselves, not \
         beginning with -",
        "1 至 64 个字符：# 代表一位数字，@ 代表一个小写字母，A-Z、a-z、0-9 和 ._:/- 代表自身，不能以 - 开头"
    ),
    |text| {
        let fits = |c: char| is_value_char(c) || "#@".contains(c);
        (1..=64).contains(&text.len()) && !text.starts_with('-') && text.chars().all(fits)
    }
);

impl BlankPattern {
    /// Whether a value has this pattern.
    pub fn allows(&self, value: &BlankValue) -> bool {
        let fits = |(pattern, found): (char, char)| match pattern {
            '#' => found.is_ascii_digit(),
            '@' => found.is_ascii_lowercase(),
            literal => literal == found,
        };
        self.as_str().len() == value.as_str().len() && self.as_str().chars().zip(value.as_str().chars()).all(fits)
    }
}
