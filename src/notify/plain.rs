//! Text of the register made harmless for chats, which read markup, links and mentions in it.

use crate::output::safe;

/// Replaces what a chat could read as markup, a mention or a link by the full-width form of the same character. There
/// is no way to escape these that all chats read alike. Control characters are escaped as for a terminal.
pub fn plain(text: &str) -> String {
    let wide = |c: char| match c {
        '@' | '<' | '>' | '[' | ']' | '`' | '*' | '~' | '|' | '\\' | '!' => {
            // The full-width forms of ASCII are in the same order.
            char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c)
        }
        c => c,
    };
    safe(text).chars().map(wide).collect::<String>().replace("://", "：//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_title_makes_a_mention_a_link_or_markup() {
        let hostile =
            "<!channel> @all [x](https://evil.example) *b* `c` ~d~ |e| \\ <https://evil.example|ok>\r\n\u{202e}";
        let shown = plain(hostile);
        assert!(
            !shown.contains(['<', '>', '@', '[', ']', '*', '`', '~', '|', '\\', '\r', '\n', '\u{202e}']),
            "{shown}"
        );
        assert!(!shown.contains("://"), "{shown}");
        assert_eq!(
            plain("Raise the pool of order_gateway (2/3) & 回滚 #4"),
            "Raise the pool of order_gateway (2/3) & 回滚 #4"
        );
        assert_eq!(plain("a@b"), "a＠b");
    }
}
