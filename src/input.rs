//! Changes and policies as TOML files. Reading one reports every fault in the file, each with its line and field.

mod change;
mod deployments;
mod deviation;
mod fault;
mod fields;
mod freeze;
mod policy;
mod problem;
mod review;
mod rota;
mod sessions;
mod sheet;
mod spoken_time;
mod staff;
mod steps;
mod template;
mod times;
mod tree;
mod write;

pub use change::{Draft, DraftContext, read};
pub use deployments::{Deployed, DeploymentMap, read_deployment_map, read_deployments};
pub use deviation::{DeviationDraft, deviation_template, read_deviation};
pub use fault::{Fault, Marked, list_faults, mark_faults, marks_in, show_faults, without_marks};
pub use fields::{FieldValue, set_fields, title_of, zone_of};
pub use freeze::{CalendarDraft, FreezeDraft, read_calendar, read_freeze};
pub use policy::read_policy;
pub use problem::{Problem, nearest};
pub use review::{ReviewDraft, read_review, review_template};
pub use rota::{ROTA_HEADER, read_rota};
pub use spoken_time::{NotATime, Toward, spoken_time};
pub use staff::{Staff, read_staff};
pub use template::{policy_template, template};
pub use times::zone as named_zone;
pub use tree::{Source, Table, Value, fault_in};
pub use write::{Copied, write};
