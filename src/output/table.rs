//! Tables without borders, one line a row; wide characters count as two columns.

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, TableStyle};

use super::{Reading, visible};

/// Below this width in columns a table is not fitted to the terminal.
const NARROWEST: u16 = 72;

/// A table with a header. `width` is in columns: the last column is truncated to fit. `None` truncates nothing.
pub fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    let width = width.filter(|width| *width >= NARROWEST);
    table.set_header(header);
    for row in rows {
        let mut row = Row::from(row.map(|cell| visible(&cell, Reading::Prose)));
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
