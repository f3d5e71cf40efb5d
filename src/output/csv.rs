//! CSV (RFC 4180) whose cells a spreadsheet reads as data, never as formulas.

/// A row, ended by CR LF. Cells are quoted if they must be. A cell that begins like a formula, also behind white space
/// and apostrophes, gets a leading apostrophe, which makes spreadsheets read it as text. Whoever takes one apostrophe
/// away wherever what follows it begins like a formula has the exact cells again.
pub fn csv_row(cells: &[String]) -> String {
    format!("{}\r\n", cells.iter().map(|cell| quoted(&neutral(cell))).collect::<Vec<_>>().join(","))
}

fn neutral(cell: &str) -> String {
    // A spreadsheet ignores white space before the sign. A cell that has an apostrophe there gets another one, so that it
    // does not look like the cell without it.
    let begin = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '\'');
    let formula = begin.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

fn quoted(cell: &str) -> String {
    let plain = !cell.contains([',', '"', '\n', '\r']);
    if plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_read_as_a_formula() {
        let row = |cell: &str| csv_row(&[cell.to_owned(), "x".to_owned()]);
        for sign in ["=", "+", "-", "@", " =", "\u{ff1d}"] {
            assert_eq!(row(&format!("{sign}1")), format!("'{sign}1,x\r\n"));
        }
        assert_eq!((row("'=1"), row("' -1")), ("''=1,x\r\n".to_owned(), "'' -1,x\r\n".to_owned()));
        assert_eq!(row("'90s"), "'90s,x\r\n");
        assert_eq!(row("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",x\r\n");
        assert_eq!(row("Raise the pool, \"now\""), "\"Raise the pool, \"\"now\"\"\",x\r\n");
    }
}
