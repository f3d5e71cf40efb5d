//! Text made safe for a terminal. Entries cannot hold such characters; file names, broken entries and tables edited
//! behind twinseal's back can.

use std::borrow::Cow;

use crate::domain::is_forbidden;

/// One line, every character that could steer a terminal or hide written out as its code.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_forbidden) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if is_forbidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// As [`safe`], keeping line ends.
pub fn safe_lines(text: &str) -> String {
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n")
}

/// JSON on one line. What [`safe`] writes out as its code is escaped here as JSON does it: it can stand in strings only.
pub fn safe_json(value: &serde_json::Value) -> String {
    let mut units = [0; 2];
    let mut line = String::new();
    for c in value.to_string().chars() {
        match is_forbidden(c) {
            true => c.encode_utf16(&mut units).iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}"))),
            false => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(safe("plain 回滚 é"), "plain 回滚 é");
        assert_eq!(safe("\u{1b}[2J\u{202e}x\u{7}"), "\\u{1b}[2J\\u{202e}x\\u{7}");
        assert_eq!(safe_lines("a\nb\r"), "a\nb\\u{d}");
        let value = serde_json::json!({ "a": "\u{1b}[2J\u{202e}\u{e0001}\n é" });
        assert_eq!(safe_json(&value), r#"{"a":"\u001b[2J\u202e\udb40\udc01\n é"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe_json(&value)).unwrap(), value);
    }
}
