//! What a database reports, whichever it is.

use std::error::Error;
use std::fmt;

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A file could not be made or written, for lack of permission or room.
    NoRoom,
    /// Of a file, for another reason.
    File,
    /// Of a server.
    Server,
}

/// An error that a database reported.
#[derive(Debug)]
pub struct Fault {
    engine: &'static str,
    kind: Kind,
    cause: Box<dyn Error + Send + Sync>,
}

impl Fault {
    /// An error of a database in a file, by the name of the program. It `lacks_room` if a file that it needs could not be made or written, for
    /// lack of permission or room.
    pub(in crate::store) fn of(
        engine: &'static str,
        lacks_room: bool,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { engine, kind: if lacks_room { Kind::NoRoom } else { Kind::File }, cause: cause.into() }
    }

    /// An error of a server.
    pub(in crate::store) fn of_server(engine: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { engine, kind: Kind::Server, cause: cause.into() }
    }

    /// Whether a server reported it.
    pub fn is_of_server(&self) -> bool {
        self.kind == Kind::Server
    }

    /// The name of the database program.
    pub fn engine(&self) -> &'static str {
        self.engine
    }

    /// Whether a file that it needs could not be made or written, for lack of permission or room.
    pub(in crate::store) fn lacks_room(&self) -> bool {
        self.kind == Kind::NoRoom
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
