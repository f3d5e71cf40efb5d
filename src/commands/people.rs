//! Commands for people, machine accounts and their keys.

pub mod grants;
pub mod key;
pub mod members;
pub mod person;
pub mod request;
pub mod suspend;
