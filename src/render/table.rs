//! Tables: no borders, columns as wide as the screen allows, wide characters counted as such.

use comfy_table::{ContentArrangement, Table, TableStyle};

use super::safe;

/// A table with a header; wrapped to `width` where there is a screen, never where there is a pipe.
pub fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    match width {
        Some(width) => {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    table.set_header(header);
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| safe(&cell).into_owned())));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
