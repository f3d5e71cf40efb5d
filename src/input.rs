//! The engineer's own TOML file: read with every fault at once, each with its line and field.

mod change;
mod fault;
mod policy;
mod template;
mod times;
mod tree;
mod write;

pub use change::{Draft, Surroundings, read};
pub use fault::{Fault, Problem, nearest};
pub use policy::read_policy;
pub use template::{POLICY_TEMPLATE, template};
pub use times::moment;
pub use write::write;
