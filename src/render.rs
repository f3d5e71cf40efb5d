//! How things look: text made safe for a terminal, tables, pages, times.

mod change;
mod diff;
mod founding;
mod page;
mod safe;
mod table;
mod what;
mod when;

pub use change::{Names, Remarks, Words, change_page};
pub use diff::diff;
pub use founding::{member_table, policy_sentences};
pub use page::Page;
pub use safe::{safe, safe_lines};
pub use table::table;
pub use what::{asks, what};
pub use when::{ago, moment, window, window_lines};
