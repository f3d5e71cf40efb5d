//! Storage of a register: the shared file, this account's verified cache, and the pin.
//!
//! The rules are in `domain`: the store applies them to each entry before it reaches the verified cache, which is the
//! source of everything shown or decided.

mod cache;
mod error;
mod session;
mod sqlite;
mod verify;

pub use cache::queries::{ChangeFilter, ChangeOrder, ChangeRow, EntryFilter, Queries};
pub use cache::tables::{Tables, project};
pub use cache::verified::discard;
pub use error::{Finding, StoreError};
pub use session::pin::{Pin, PinFile};
pub use session::{Anchor, Behind, Excuse, Held, Notice, Pinned, Rebuilt, Recovered, Session, VerifiedLog};
pub use sqlite::backup::{back_up, clear_away, copy_valid, put_in_place, restore};
pub use sqlite::connect::{BUSY, beside};
pub use sqlite::fault::Fault;
pub use sqlite::mount::{Mount, free, is_one_file, may_write};
pub use sqlite::queue::{Turn, Writer};
pub use sqlite::shared::{Appended, SharedFile};
pub use sqlite::snapshot::Snapshot;
pub use verify::replay::Reading;
