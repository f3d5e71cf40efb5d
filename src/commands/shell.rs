//! Completion in shells, and manual pages.

pub mod complete;
pub mod setup;

use clap::ValueEnum;

/// A shell that twinseal completes words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// Friendly interactive shell
    Fish,
}
