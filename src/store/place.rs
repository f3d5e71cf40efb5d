//! Opens and creates a register where its place says: a place is the path of a file, or the address of a server.

use std::path::{Path, PathBuf};

use crate::domain::RegisterId;
use crate::store::postgres::address::Address;
use crate::store::postgres::connect::Home;
use crate::store::postgres::error::ConnectError;
use crate::store::postgres::shared::SharedDatabase;
use crate::store::shared::SharedStore;
use crate::store::sqlite::connect::Site;
use crate::store::sqlite::mount::is_one_file;
use crate::store::sqlite::moved;
use crate::store::sqlite::shared::SharedFile;
use crate::store::{Finding, StoreError};

/// The address, if the place is a server.
fn address(place: &Path) -> Option<Result<Address, StoreError>> {
    let text = place.to_str().filter(|it| Address::is(it))?;
    Some(text.parse().map_err(|error| StoreError::Server(ConnectError::Address(error))))
}

/// Whether a place is a server. The words of a person are meant as one if they begin like an address.
pub fn is_server(place: &Path) -> bool {
    place.to_str().is_some_and(Address::is)
}

/// The place that a person means by the address of a server, in the form that all its spellings share. `resolve` makes
/// the paths in it absolute.
///
/// # Errors
/// The address is invalid, or has a password in it.
pub fn server(given: &str, resolve: impl Fn(&Path) -> PathBuf) -> Result<PathBuf, StoreError> {
    let address: Address = given.parse().map_err(ConnectError::Address)?;
    Ok(PathBuf::from(address.resolved(resolve).to_string()))
}

/// A place as others may name it: the address of a server without the role and the files of one account.
pub fn for_others(place: &Path) -> PathBuf {
    match address(place) {
        Some(Ok(address)) => PathBuf::from(address.for_others().to_string()),
        _ => place.to_owned(),
    }
}

/// Whether others need a copy of a file to trust the server of a place.
pub fn needs_authorities(place: &Path) -> bool {
    matches!(address(place), Some(Ok(address)) if address.needs_authorities())
}

/// Whether two places are one: the same file by any path, or the same register of the same database for any user.
pub fn is_one_place(one: &Path, other: &Path) -> bool {
    match (address(one), address(other)) {
        (Some(Ok(one)), Some(Ok(other))) => one.same_register(&other),
        (None, None) => is_one_file(one, other),
        _ => false,
    }
}

/// Whether the address that a person gives leads to a register on a server, which may no longer be there.
pub fn leads_to(given: &Path, register: &Path) -> bool {
    match (address(given), address(register)) {
        (Some(Ok(given)), Some(Ok(register))) => given.leads_to(&register),
        _ => false,
    }
}

/// Whether the register at a place says that it has moved. Whoever may write it can make it say so.
pub fn has_moved(place: &Path, home: &Home) -> bool {
    match address(place) {
        Some(Ok(address)) => {
            SharedDatabase::open(&address, home).is_ok_and(|(it, _)| matches!(it.moved(), Ok(Some(_))))
        }
        Some(Err(_)) => false,
        None => moved::has_moved(place),
    }
}

/// Opens a register or a backup. The findings tell how its schema differs from ours; only `verify` may continue if there
/// are any. Of a file elsewhere than at a register's own path, or if no file can be written beside it, a private copy is
/// read in `scratch`, a directory of this account.
///
/// # Errors
/// There is none, it is not a register, its layout is unknown, or the server gives no connection.
pub fn open(
    place: &Path,
    site: Site,
    scratch: &Path,
    home: &Home,
) -> Result<(Box<dyn SharedStore>, Vec<Finding>), StoreError> {
    if let Some(address) = address(place) {
        let (database, findings) = SharedDatabase::open(&address?, home)?;
        return Ok((Box::new(database), findings));
    }
    let (file, findings) = SharedFile::open(place, site, scratch)?;
    Ok((Box::new(file), findings))
}

/// Opens a register of which a server has no entry left: whoever empties a database does not make it unknown. `place` is
/// its complete address.
///
/// # Errors
/// As [`create`]; [`StoreError::NotFound`] if the place is not that of a register on a server.
pub fn open_emptied(place: &Path, home: &Home) -> Result<Box<dyn SharedStore>, StoreError> {
    let not_found = || StoreError::NotFound { path: place.to_owned() };
    let address = address(place).ok_or_else(not_found)??;
    let id = address.register().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    create(place, &id, Path::new(""), home)
}

/// Whether something may be at a place: no server is asked.
pub fn may_exist(place: &Path) -> bool {
    is_server(place) || place.exists()
}

/// Whether a register can be created at a place: there is no file, or one without entry 0. Whether a server has it already,
/// it says when it is created.
pub fn is_free(place: &Path, scratch: &Path) -> bool {
    is_server(place) || !place.exists() || SharedFile::never_founded(place, scratch)
}

/// Creates an empty register. An existing one without entry 0, left by an interrupted `init`, is used.
///
/// # Errors
/// [`StoreError::Exists`], or what the system or the database reports.
pub fn create(place: &Path, id: &RegisterId, scratch: &Path, home: &Home) -> Result<Box<dyn SharedStore>, StoreError> {
    match address(place) {
        Some(address) => Ok(Box::new(SharedDatabase::create(&address?, id, home)?)),
        None => Ok(Box::new(SharedFile::create(place, scratch)?)),
    }
}
