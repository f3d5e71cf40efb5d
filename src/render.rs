//! How things look: text made safe for a terminal, tables, pages, times.

mod change;
mod csv;
mod diff;
mod founding;
pub mod json;
mod motion;
mod page;
mod safe;
mod table;
mod what;
mod when;

pub use change::{Names, Remarks, Words, change_page};
pub use csv::csv_row;
pub use diff::{diff, differing};
pub use founding::{member_table, policy_sentences, standing};
pub use motion::{policy_change, proposal};
pub use page::Page;
pub use safe::{safe, safe_json, safe_lines};
pub use table::table;
pub use what::{asks, what};
pub use when::{ago, moment, window, window_lines};
