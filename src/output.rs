//! What people and programs read: pages, tables, times, JSON and CSV, made safe for a terminal.

mod agenda;
mod change;
mod csv;
mod describe;
mod diff;
mod evidence;
mod format_time;
mod founding;
pub mod freeze;
mod help;
mod inbox;
pub mod json;
mod lines;
mod overlap;
mod page;
mod policy;
mod proposal;
pub mod requirements;
mod review;
mod safe;
pub mod service;
mod signed;
mod table;
mod targets;
pub mod template;
mod timeline;
pub mod together;
mod visible;

pub use agenda::{Item, agenda, agenda_header};
pub use change::{
    Judged, Names, Words, beside_signed, change_page, count, detached_page, kind_of, list, missing_groups, needs,
    next_step, revision_page,
};
pub use csv::csv_row;
pub use describe::{describe, lost_entries, on, summary};
pub use diff::{Equal, Shown, diff, differing};
pub use evidence::{Told, evidence_page};
pub use format_time::{Clock, WIDE, ago, day, duration, moment, window_lines};
pub use founding::{grants, key_name, member_blocks, members_line};
pub use help::{NO_BREAK, folded_help};
pub use inbox::{Act, Then, subject};
pub use lines::{folded, measure, padded, widest_word};
pub use overlap::{Overlapping, overlaps, some};
use page::mark_width;
pub use page::{Gutter, Page, Quoted};
pub use policy::{policy_sentences, requirement_sentence};
pub use proposal::{KeyHistory, Present, action, key, policy_change};
pub use review::{ReviewPage, outcome_of};
pub use safe::{safe, safe_json, safe_lines};
pub use signed::{Block, Parts, heading};
pub use table::table;
use timeline::timeline;
pub use timeline::{Redaction, Remark, Remarks, Timeline, barred, timeline_lines, void_reason};
pub use visible::{Reading, visible};
