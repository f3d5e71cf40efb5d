//! Values that are valid by construction.

pub mod closed_enum;
pub mod ids;
pub mod invalid;
pub mod key;
pub mod text;
pub mod time;
