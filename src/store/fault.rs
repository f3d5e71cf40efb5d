//! What a database reports, whichever it is.

use std::error::Error;
use std::fmt;

/// An error that a database reported.
#[derive(Debug)]
pub struct Fault {
    engine: &'static str,
    lacks_room: bool,
    cause: Box<dyn Error + Send + Sync>,
}

impl Fault {
    /// An error of a database with this name. It `lacks_room` if a file that it needs could not be made or written, for
    /// lack of permission or room.
    pub(in crate::store) fn of(
        engine: &'static str,
        lacks_room: bool,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { engine, lacks_room, cause: cause.into() }
    }

    /// The name of the database program.
    pub fn engine(&self) -> &'static str {
        self.engine
    }

    /// Whether a file that it needs could not be made or written, for lack of permission or room.
    pub(in crate::store) fn lacks_room(&self) -> bool {
        self.lacks_room
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
