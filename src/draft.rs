//! The engineer's own TOML file: read with every fault at once, each with its line and field.

mod change;
mod fault;
mod template;
mod times;
mod tree;

pub use change::{Draft, Surroundings, read};
pub use fault::{Fault, Problem, nearest};
pub use template::template;
