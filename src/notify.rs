//! Notices: the rules about them, the queue, and sending to chats, by mail and to webhooks.
//!
//! A notice only points at the register: nothing is decided from one, and sending one records nothing. What is noticed
//! comes from [`crate::commands`], which asks the domain; this part knows people and changes by their ids only.

mod chat;
mod delivery;
mod failure;
mod http;
mod mail;
mod notice;
mod plain;
mod rules;
mod secrets;
mod smtp;
mod state;
mod target;
mod templates;
mod timestamp;

pub use delivery::{Sent, Titles, deliver};
pub use failure::{Failure, Reason};
pub use notice::{Change, Choice, Deadline, EventName, Facets, Notice, What};
pub use rules::{Rule, Rules, RulesError};
pub use secrets::{Secrets, SecretsError};
pub use state::{Begun, Job, Pending, Queued, State, StateError, TargetState, Told};
pub use target::{Channel, Sender, Target, TargetKind};
pub use templates::{Message, message};
pub use timestamp::ask_timestamp_authority;
