//! Completion in shells, and manual pages.

pub mod complete;
pub mod setup;

use clap::ValueEnum;

use crate::commands::Zh;

/// A shell that twinseal completes words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    #[value(zh("GNU Bash"))]
    Bash,
    /// Z shell
    #[value(zh("Z shell"))]
    Zsh,
    /// Friendly interactive shell
    #[value(zh("友好的交互式 shell"))]
    Fish,
}
