//! Tables without borders; wide characters count as two columns.
//!
//! On a terminal that is too narrow for its rows, a table first cuts its titles, then breaks its other cells between
//! words, and at last shows each row as a block of its own. No word and no fingerprint is broken before that, and content
//! never begins a line.

use comfy_table::{ContentArrangement, Table, TableStyle};

use super::lines::{Word, columns, is_ideograph, measure, words};
use super::{Page, Reading, visible};
use crate::tr;

/// The column whose cells are cut rather than broken: the rest of a title is in `show`.
fn is_cut(header: &str) -> bool {
    header == tr!("TITLE", "标题")
}

/// The fewest columns that a title is cut to.
const LEAST: usize = 12;

/// The columns between two cells.
const GAP: usize = 2;

/// A table with a header. `width` is in columns; `None` means that it is not shown on a terminal, and changes nothing.
pub fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, width: Option<u16>) -> String {
    let mut rows: Vec<[String; N]> =
        rows.into_iter().map(|row| row.map(|cell| visible(&cell, Reading::Prose))).collect();
    if let Some(width) = width {
        let Some(mut widths) = fit(&header, &rows, width) else { return blocks(&header, &rows, width) };
        let room: usize = widths.iter().sum();
        for (n, cell) in rows.iter_mut().flat_map(|row| row.iter_mut().enumerate()).filter(|(n, _)| !is_cut(header[*n]))
        {
            *cell = broken(cell, widths[n]);
        }
        if let Some(at) = header.iter().position(|name| is_cut(name)) {
            // Broken between words, the other cells need less than their columns: titles get the rest.
            let needs = |n: usize| rows.iter().flat_map(|row| row[n].lines()).map(measure).max().unwrap_or(0);
            let others: usize = (0..N).filter(|n| *n != at).map(|n| needs(n).max(measure(header[n]))).sum();
            widths[at] = room - others;
            rows.iter_mut().for_each(|row| row[at] = cut(&row[at], widths[at]));
        }
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header).add_rows(rows);
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, GAP as u16)));
    table.trim_fmt()
}

/// The width of each column, so that the rows fit the terminal; `None` if the columns cannot be made narrow enough.
fn fit<const N: usize>(header: &[&str; N], rows: &[[String; N]], width: u16) -> Option<[usize; N]> {
    let cells = |n: usize| rows.iter().map(move |row| row[n].as_str()).chain([header[n]]);
    let most: [usize; N] = std::array::from_fn(|n| cells(n).map(measure).max().unwrap_or(0));
    let word = |n: usize| cells(n).flat_map(words).map(|it| measure(it.text)).max().unwrap_or(0);
    // Chinese can be broken anywhere, but a column of one letter cannot be read.
    let word = |n: usize| if cells(n).any(is_chinese) { word(n).max(most[n].min(LEAST)) } else { word(n) };
    // The first column is the program's own word, such as an id, and stays on one line.
    let least: [usize; N] = std::array::from_fn(|n| match n {
        0 => most[0],
        _ if is_cut(header[n]) => most[n].min(LEAST),
        _ => word(n),
    });
    // Some terminals begin a new line when the last column is filled.
    let room = usize::from(width).saturating_sub(1 + GAP * N.saturating_sub(1));
    let mut widths = most;
    if let Some(n) = header.iter().position(|name| is_cut(name)) {
        let others: usize = most.iter().sum::<usize>() - most[n];
        widths[n] = room.saturating_sub(others).clamp(least[n], most[n]);
    }
    while widths.iter().sum::<usize>() > room {
        let n = (0..N).filter(|n| widths[*n] > least[*n]).max_by_key(|n| widths[*n])?;
        widths[n] -= 1;
    }
    Some(widths)
}

fn is_chinese(cell: &str) -> bool {
    cell.contains(is_ideograph)
}

/// Cuts a cell that is wider than `room`.
fn cut(cell: &str, room: usize) -> String {
    if measure(cell) <= room {
        return cell.to_owned();
    }
    let mut used = columns('…');
    let fits = |c: &char| {
        used += columns(*c);
        used <= room
    };
    cell.chars().take_while(fits).chain(['…']).collect()
}

/// Breaks a cell between words into lines of at most `room` columns.
fn broken(cell: &str, room: usize) -> String {
    let mut lines = vec![String::new()];
    for (n, Word { gap, text }) in words(cell).into_iter().enumerate() {
        match lines.last_mut() {
            Some(line) if n == 0 || measure(line) + gap.len() + measure(text) <= room => {
                line.push_str(gap);
                line.push_str(text);
            }
            _ => lines.push(text.to_owned()),
        }
    }
    lines.join("\n")
}

/// The rows as blocks: the first cell, then a line for each further cell that is not empty, with its column's name.
fn blocks<const N: usize>(header: &[&str; N], rows: &[[String; N]], width: u16) -> String {
    let mut page = Page::new(false, Some(width));
    for row in rows {
        page.title(&row[0]);
        for (name, cell) in header.iter().zip(row).skip(1).filter(|(_, cell)| !cell.is_empty()) {
            page.field(&format!("  {}", name.to_lowercase()), cell);
        }
    }
    page.finish().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [&str; 4] = ["ID", "STATE", "BY", "TITLE"];

    fn row(state: &str, title: &str) -> Vec<[String; 4]> {
        vec![["CHG-7", state, "erin", title].map(str::to_owned)]
    }

    #[test]
    fn a_title_is_cut_before_another_cell_is_broken() {
        let shown = table(HEADER, row("awaiting approval", &"Raise the pool ".repeat(9)), Some(80));
        let line = shown.lines().nth(1).unwrap();
        assert!(shown.lines().count() == 2 && line.contains("awaiting approval  erin  Raise"), "{shown}");
        assert!(line.ends_with('…') && (77..80).contains(&measure(line)), "{shown}");
    }

    #[test]
    fn no_word_is_broken_while_the_columns_fit() {
        let state = "cannot start: the freeze market-hours is closed until 2026-12-01T12:00:00Z";
        let shown = table(HEADER, row(state, "Raise the pool of the gateway"), Some(80));
        assert!(shown.lines().count() > 2 && shown.lines().all(|line| measure(line) < 80), "{shown}");
        state.split(' ').for_each(|word| assert!(shown.contains(word), "{word}: {shown}"));
    }

    #[test]
    fn rows_become_blocks_on_a_terminal_that_is_too_narrow() {
        let shown = table(HEADER, row("awaiting approval", "Raise the pool"), Some(30));
        assert_eq!(
            shown,
            "CHG-7\n  state       awaiting\n              approval\n  by          erin\n  title       Raise the pool"
        );
    }

    #[test]
    fn no_content_begins_a_line() {
        for text in ["CHG-9 approved ".repeat(9), "字".repeat(90), "e\u{301}".repeat(50), "x ".repeat(90)] {
            for width in [1, 12, 20, 40, 60, 72, 80, 200] {
                let shown = table(HEADER, row(&text, &text), Some(width));
                for line in shown.lines() {
                    let own = line.starts_with("ID ") || line.starts_with("CHG-7") || line.starts_with("  ");
                    assert!(own && (width < 20 || measure(line) < usize::from(width)), "{width}: {shown}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_changed_for_a_pipe() {
        let title = "Raise the pool ".repeat(20);
        assert!(table(HEADER, row("approved", title.trim()), None).ends_with(title.trim()));
    }

    #[test]
    fn a_title_is_cut_by_the_widest_that_a_terminal_may_show_it() {
        for letter in ["x", "字", "é", "…"] {
            let shown = table(["ID", "TITLE"], vec![["CHG-1".to_owned(), letter.repeat(90)]], Some(80));
            let row = shown.lines().nth(1).unwrap();
            assert!(row.ends_with('…') && (77..80).contains(&measure(row)), "{row}");
        }
    }
}
