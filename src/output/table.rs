//! Tables without borders, one line a row; wide characters count as two columns.

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, TableStyle};

use super::page::columns;
use super::{Reading, visible};

/// Below this width in columns a table is not fitted to the terminal.
const NARROWEST: u16 = 72;

/// A table with a header. `width` is in columns: the last column is truncated to fit. `None` truncates nothing.
pub fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(|cell| visible(&cell, Reading::Prose))).collect();
    let width = width.filter(|width| *width >= NARROWEST && leaves_room(&header, &rows, usize::from(*width)));
    table.set_header(header);
    for row in rows {
        let mut row = Row::from(row);
        if width.is_some() {
            row.max_height(1);
        }
        table.add_row(row);
    }
    match width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_truncation_indicator("…");
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if n + 1 < N {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt()
}

/// Whether the last column keeps some room beside the others, which are never truncated.
fn leaves_room<const N: usize>(header: &[&str; N], rows: &[[String; N]], width: usize) -> bool {
    const LEAST: usize = 12;
    let widest = |n: usize| {
        let cells = rows.iter().map(|row| row[n].as_str()).chain([header[n]]);
        cells.map(|cell| cell.chars().map(columns).sum::<usize>()).max().unwrap_or(0) + 2
    };
    (0..N.saturating_sub(1)).map(widest).sum::<usize>() + LEAST <= width
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
        assert!(wide.contains("TITLE") && wide.contains("Raise the pool of the gateway"), "{wide}");
    }
}
