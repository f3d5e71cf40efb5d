//! Values that are valid by construction: whoever holds one need not check it again.

pub mod closed_enum;
pub mod ids;
pub mod invalid;
pub mod key;
pub mod text;
pub mod time;
