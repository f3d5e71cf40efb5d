//! The list of the faults of a file.

use crate::input::Fault;

/// The most faults listed at once.
const MOST_FAULTS: usize = 100;

/// Every fault of a file on its own line.
pub(super) fn list_faults(path: &str, faults: &[Fault]) -> String {
    // A newline in a file name must not look like a line of the list.
    let one_line = |text: String| text.replace('\n', "\\u{a}");
    let path = one_line(path.to_owned());
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        n => format!("{n} faults"),
    };
    let mut lines: Vec<String> =
        faults.iter().take(MOST_FAULTS).map(|fault| format!("  {path}:{}", one_line(fault.to_string()))).collect();
    if faults.len() > MOST_FAULTS {
        lines.push(format!("  and {} more", faults.len() - MOST_FAULTS));
    }
    format!("{path} has {count}:\n{}", lines.join("\n"))
}
