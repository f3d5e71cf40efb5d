//! Escapes characters that control a terminal or hide text. The format keeps them out of entries, but file names,
//! broken entries and tables that somebody edited can hold them.

use std::borrow::Cow;

use crate::domain::is_forbidden;

/// Escapes every such character, newlines included: `\u{1b}`.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_forbidden) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if is_forbidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Like [`safe`], but keeps newlines.
pub fn safe_lines(text: &str) -> String {
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n")
}

/// JSON on one line, with JSON's own escapes for the characters that [`safe`] escapes. They occur only in strings.
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
    fn nothing_controls_the_terminal() {
        assert_eq!(safe("plain 回滚 é"), "plain 回滚 é");
        assert_eq!(safe("\u{1b}[2J\u{202e}x\u{7}"), "\\u{1b}[2J\\u{202e}x\\u{7}");
        assert_eq!(safe_lines("a\nb\r"), "a\nb\\u{d}");
        let value = serde_json::json!({ "a": "\u{1b}[2J\u{202e}\u{e0001}\n é" });
        assert_eq!(safe_json(&value), r#"{"a":"\u001b[2J\u202e\udb40\udc01\n é"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe_json(&value)).unwrap(), value);
    }
}
