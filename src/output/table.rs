//! Tables without borders, one line a row; wide characters count as two columns.

use comfy_table::{ContentArrangement, Table, TableStyle};
use unicode_normalization::char::is_combining_mark;

use super::page::columns;
use super::{Reading, visible};

/// Below this width in columns a table is not fitted to the terminal.
const NARROWEST: u16 = 72;

/// The fewest columns of the last column, and of a terminal.
const LEAST: usize = 12;

/// A table with a header. `width` is in columns: the last column is truncated to fit. A table that does not fit so
/// goes on in further lines, which begin with `…`, so that no content begins a line of its own. `None` means that it is
/// not shown on a terminal, and changes nothing.
pub fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, width: Option<u16>) -> String {
    let mut rows: Vec<[String; N]> =
        rows.into_iter().map(|row| row.map(|cell| visible(&cell, Reading::Prose))).collect();
    let room = width.and_then(|width| room_for_last(&header, &rows, width));
    for last in rows.iter_mut().filter_map(|row| row.last_mut()) {
        room.iter().for_each(|room| truncate(last, *room));
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header).add_rows(rows);
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, 2)));
    let shown = table.trim_fmt();
    match width {
        Some(width) if room.is_none() => folded(&shown, usize::from(width).max(LEAST)),
        _ => shown,
    }
}

/// The columns that are left for the last column; `None` if they are too few. The other columns are never truncated.
fn room_for_last<const N: usize>(header: &[&str; N], rows: &[[String; N]], width: u16) -> Option<usize> {
    let widest = |n: usize| {
        let cells = rows.iter().map(|row| row[n].as_str()).chain([header[n]]);
        cells.map(|cell| cell.chars().map(columns).sum::<usize>()).max().unwrap_or(0) + 2
    };
    let others = (0..N.saturating_sub(1)).map(widest).sum::<usize>();
    // Some terminals begin a new line when the last column is filled.
    let room = usize::from(width).saturating_sub(others + 1);
    (width >= NARROWEST && room >= LEAST).then_some(room)
}

/// Cuts a cell that is wider than `room`, by the most columns that a terminal may show.
fn truncate(cell: &mut String, room: usize) {
    let mut used = 0;
    let ends = |(at, c): (usize, char)| {
        used += columns(c);
        (used, at)
    };
    let ends: Vec<(usize, usize)> = cell.char_indices().map(ends).collect();
    if used > room {
        let fits = ends.iter().find(|(used, _)| used + columns('…') > room).map_or(0, |(_, at)| *at);
        cell.truncate(fits);
        cell.push('…');
    }
}

/// Breaks lines that are wider than the terminal.
fn folded(shown: &str, width: usize) -> String {
    let mut folded = String::new();
    let mut used = 0;
    for c in shown.chars() {
        if c == '\n' {
            used = 0;
        } else {
            // Some terminals begin a new line when the last column is filled.
            if used + columns(c) >= width && !is_combining_mark(c) {
                folded.push_str("\n… ");
                used = columns('…') + 1;
            }
            used += columns(c);
        }
        folded.push(c);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_last_column_is_squeezed_into_single_letters() {
        let row =
            |state: &str| [["7".to_owned(), state.to_owned(), "Raise the pool of the gateway".to_owned()]].to_vec();
        let fitted = table(["ID", "STATE", "TITLE"], row("open"), Some(72));
        assert!(fitted.lines().all(|line| line.len() <= 72), "{fitted}");
        let wide = row("a state of many words, which leave no room beside them for a title");
        let wide = table(["ID", "STATE", "TITLE"], wide, Some(72));
        assert!(wide.contains("TITLE") && wide.replace("\n… ", "").contains("Raise the pool of the gateway"), "{wide}");
    }

    #[test]
    fn no_cell_begins_a_line_of_its_own() {
        for (title, width) in [("CHG-9 approved ".repeat(9), 60), ("字".repeat(90), 40), ("e\u{301}".repeat(50), 20)] {
            let rows = vec![["CHG-1".to_owned(), title]];
            let shown = table(["ID", "TITLE"], rows.clone(), Some(width));
            for line in shown.lines().skip(2) {
                assert!(
                    line.starts_with("… ") && line.chars().map(columns).sum::<usize>() < usize::from(width),
                    "{shown}"
                );
            }
            assert_eq!(shown.replace("\n… ", ""), table(["ID", "TITLE"], rows, None));
        }
    }

    #[test]
    fn a_title_is_truncated_by_the_widest_that_a_terminal_may_show_it() {
        for letter in ["x", "字", "é", "…"] {
            let shown = table(["ID", "TITLE"], vec![["CHG-1".to_owned(), letter.repeat(90)]], Some(80));
            let row = shown.lines().nth(1).unwrap();
            assert!(row.ends_with('…') && (78..80).contains(&row.chars().map(columns).sum::<usize>()), "{row}");
        }
    }
}
