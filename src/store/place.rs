//! Opens and creates a register where its place says it is.

use std::path::Path;

use crate::store::shared::SharedStore;
use crate::store::sqlite::connect::Site;
use crate::store::sqlite::shared::SharedFile;
use crate::store::{Finding, StoreError};

/// Opens a register or a backup. The findings tell how its schema differs from ours; only `verify` may continue if there
/// are any. Of a file elsewhere than at a register's own path, or if no file can be written beside it, a private copy is
/// read in `scratch`, a directory of this account.
///
/// # Errors
/// There is none, it is not a register, or its layout is unknown.
pub fn open(place: &Path, site: Site, scratch: &Path) -> Result<(Box<dyn SharedStore>, Vec<Finding>), StoreError> {
    let (file, findings) = SharedFile::open(place, site, scratch)?;
    Ok((Box::new(file), findings))
}

/// Creates an empty register. An existing one without entry 0, left by an interrupted `init`, is used.
///
/// # Errors
/// [`StoreError::Exists`], or what the system or the database reports.
pub fn create(place: &Path, scratch: &Path) -> Result<Box<dyn SharedStore>, StoreError> {
    Ok(Box::new(SharedFile::create(place, scratch)?))
}
