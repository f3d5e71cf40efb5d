//! Lists in CSV that other programs wrote, with a header. Every cell is text, never a formula.

use super::fault::Fault;
use super::problem::Problem;

/// The most rows of a list.
pub const MOST_ROWS: usize = 200_000;

/// How many faults are reported; a wrong separator makes one in every line.
pub const MOST_FAULTS: usize = 20;

/// A list as rows of text cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with its line in the file, or its number in JSON.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Sheet {
    /// The place of a column.
    ///
    /// # Errors
    /// A fault that names the columns that there are.
    pub fn column(&self, name: &str) -> Result<usize, Vec<Fault>> {
        let found: Vec<usize> = (0..self.columns.len()).filter(|at| self.columns[*at] == name).collect();
        match found[..] {
            [at] => Ok(at),
            [] => Err(vec![Fault::of_file(name, Problem::NoColumn { has: self.columns.join(", ") })]),
            _ => Err(vec![Fault::of_file(name, Problem::Twice(name.to_owned()))]),
        }
    }
}

/// Reads CSV (RFC 4180) whose first line names the columns.
///
/// # Errors
/// Every fault, up to a limit, in the order of lines.
pub fn read_csv(text: &str) -> Result<Sheet, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.find('\0') {
        return Err(vec![Fault::at(text, at..at + 1, "", Problem::Binary)]);
    }
    // An open quote would make one cell of all lines behind it.
    if let Some(at) = text.rfind('"').filter(|_| text.matches('"').count() % 2 == 1) {
        return Err(vec![Fault::at(text, at..at + 1, "", Problem::OpenQuote)]);
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(true).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| vec![fault(&error)])?;
    let columns: Vec<String> = header.iter().map(str::to_owned).collect();
    if columns.iter().all(String::is_empty) {
        return Err(vec![Fault::of_file("", Problem::Missing)]);
    }
    let (mut rows, mut faults, mut counted) = (Vec::new(), Vec::new(), Counted { line: 1, offset: 0 });
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = counted.line_of(text, &record);
                if record.len() == columns.len() {
                    rows.push((line, record.iter().map(str::to_owned).collect()));
                } else {
                    let problem = Problem::Cells { found: record.len(), expected: columns.len() };
                    faults.push(Fault { line, ..Fault::of_file("", problem) });
                }
            }
            Err(error) => faults.push(fault(&error)),
        }
        if faults.len() == MOST_FAULTS {
            break;
        }
        if rows.len() > MOST_ROWS {
            return Err(vec![Fault::of_file("", Problem::TooManyRows { most: MOST_ROWS })]);
        }
    }
    if faults.is_empty() { Ok(Sheet { columns, rows }) } else { Err(faults) }
}

/// How many lines were counted, and up to where. The line that a record of `csv` names is that of the line end before it.
struct Counted {
    line: usize,
    offset: usize,
}

impl Counted {
    /// The line on which a record begins; records come in order.
    fn line_of(&mut self, text: &str, record: &csv::StringRecord) -> usize {
        let offset = record.position().and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or(self.offset);
        let rest = text.get(offset..).unwrap_or_default();
        let offset = text.len() - rest.trim_start_matches(['\r', '\n']).len();
        self.line += text.get(self.offset..offset).unwrap_or_default().matches('\n').count();
        self.offset = offset;
        self.line
    }
}

fn fault(error: &csv::Error) -> Fault {
    let line = error.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
    Fault { line, ..Fault::of_file("", Problem::Sheet(error.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_in_quotes_hold_commas_line_ends_and_quotes() {
        let sheet = read_csv("\u{feff}person,why\r\nann,\"a, \"\"b\"\"\nc\"\r\n\r\nbo,=1+1\n").unwrap();
        let cells = |cells: &[&str]| cells.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(sheet.columns, cells(&["person", "why"]));
        assert_eq!(sheet.rows, [(2, cells(&["ann", "a, \"b\"\nc"])), (5, cells(&["bo", "=1+1"]))]);
        assert_eq!(sheet.column("why").unwrap(), 1);
        assert!(sheet.column("left").is_err());
    }

    #[test]
    fn no_sheet_is_read_past_a_fault() {
        let lines = |text: &str| read_csv(text).unwrap_err().iter().map(|fault| fault.line).collect::<Vec<_>>();
        assert_eq!(lines("a,b\n1,2\n3\n4,5,6\n"), [3, 4]);
        assert_eq!(lines("a,b\n1,\0\n"), [2]);
        assert_eq!(lines("a,b\n1,\"2\n3,4\n"), [2]);
        assert_eq!(lines(""), [0]);
        assert_eq!(lines(&format!("a,b\n{}", "1\n".repeat(500))).len(), MOST_FAULTS);
    }
}
