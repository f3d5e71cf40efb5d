//! Where a register is kept: the shared file, this account's verified copy of it, and the pin.
//!
//! Nothing here decides anything: an entry is judged by `domain`, and everything shown or decided comes from the
//! verified copy. Nothing outside knows where the log lives.

mod backup;
mod compare;
mod connect;
mod copy;
mod error;
mod follow;
mod governed;
mod integrity;
mod opening;
mod pin;
mod place;
mod queue;
mod schema;
mod session;
mod shared;
mod tables;

pub use backup::{back_up, clear_away, copy_valid, put_in_place, restore};
pub use connect::{BUSY, beside};
pub use copy::{discard, parsed};
pub use error::{Finding, StoreError};
pub use follow::Reading;
pub use pin::{Pin, PinFile};
pub use place::{Mount, free, may_write};
pub use queue::{Turn, Writer};
pub use session::{Behind, Notice, Recovered, Session};
pub use shared::{Appended, SharedFile};
pub use tables::{project, state_word};
