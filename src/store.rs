//! Storage of a register: the shared file, this account's verified cache, and the pin.
//!
//! The rules are in `domain`: the store applies them to each entry before it reaches the verified cache, which is the
//! source of everything shown or decided.

mod cache;
mod doing;
mod error;
pub mod evidence;
mod fault;
mod place;
pub mod postgres;
mod session;
mod shared;
mod sqlite;
mod verify;

pub use cache::action_queries::ActionRow;
pub use cache::audit_queries::Started;
pub use cache::queries::{ChangeFilter, ChangeOrder, ChangeRow, EntryFilter, Queries, Since};
pub use cache::service_queries::ServiceFilter;
pub use cache::tables::{Tables, project};
pub use cache::verified::discard;
pub use doing::{Doing, FileOp};
pub use error::{Finding, StoreError};
pub use fault::Fault;
pub use place::{
    create, for_others, has_moved, is_free, is_one_place, is_server, leads_to, may_exist, needs_authorities, open,
    open_emptied, server,
};
pub use postgres::connect::Home;
pub use postgres::derived::Filled;
pub use postgres::error::ConnectError;
pub use postgres::projecting::{Extent, Projected, Projection};
pub use session::pin::{Pin, PinFile};
pub use session::{
    Anchor, Behind, EntryBody, Excuse, Held, Notice, Pinned, Rebuilt, Recovered, Refold, Session, SubjectProof,
    VerifiedLog, remembered, remembered_leaf,
};
pub use shared::{Appended, Holder, SharedStore, Snapshot, Turn, Writer};
pub use sqlite::backup::{ASIDE, back_up, copy_valid, put_in_place, restore, stage_valid, undo_interrupted};
pub use sqlite::connect::{BUSY, Site};
pub use sqlite::error::FileError;
pub use sqlite::mount::{Mount, free, is_one_file};
pub use sqlite::place::{SecondPath, beside, may_read, may_write};
pub use sqlite::private_copy::PrivateCopy;
pub use verify::replay::Reading;
