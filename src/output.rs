//! What people and programs read: pages, tables, times, JSON and CSV, made safe for a terminal.

mod change;
mod csv;
mod describe;
mod diff;
mod format_time;
mod founding;
pub mod json;
mod page;
mod proposal;
mod safe;
mod table;

pub use change::{Names, Remarks, Words, automation_lines, barred, change_page, list, targets_label};
pub use csv::csv_row;
pub use describe::{describe, lost_entries, summary};
pub use diff::{Shown, diff, differing};
pub use format_time::{ago, moment, window, window_lines};
pub use founding::{grants, member_blocks, policy_sentences};
pub use page::Page;
pub use proposal::{Present, action, policy_change};
pub use safe::{safe, safe_json, safe_lines};
pub use table::table;
