//! Opens a register on a server, or an empty place for one.

use std::path::PathBuf;

use crate::domain::RegisterId;
use crate::store::postgres::address::{Address, AddressError};
use crate::store::postgres::connect::Home;
use crate::store::postgres::error::ConnectError;
use crate::store::postgres::link::Link;
use crate::store::postgres::shared::SharedDatabase;
use crate::store::postgres::told::{self, Opening, ToldOfOne};
use crate::store::{Finding, StoreError};

impl SharedDatabase {
    /// Connects, and compares the schema with ours. Without the name of a register, the database must hold exactly one.
    ///
    /// # Errors
    /// There is no connection, or no such register.
    pub fn open(address: &Address, home: &Home) -> Result<(Self, Vec<Finding>), StoreError> {
        let link = Link::open(address.clone(), home.clone())?;
        let Opening { findings, ids, cut, unprepared, told } = told::open(&link, address.register())?;
        let place = || PathBuf::from(address.to_string());
        if unprepared {
            return Err(StoreError::NotPrepared { place: place() });
        }
        let id = match <[RegisterId; 1]>::try_from(ids) {
            Ok([only]) if !cut => only,
            // What is not there cannot be asked.
            Err(none) if none.is_empty() && !findings.is_empty() => {
                return Ok((Self::of(link, place(), String::new()), findings));
            }
            Err(none) if none.is_empty() && !cut => return Err(StoreError::NotFound { path: place() }),
            Ok([only]) => return Err(StoreError::WhichRegister { ids: vec![only] }),
            Err(ids) => return Err(StoreError::WhichRegister { ids }),
        };
        let place = PathBuf::from(link.address()?.with_register(&id.to_string()).to_string());
        let database = Self::of(link, place, id.to_string());
        match told.filter(|_| findings.is_empty()) {
            Some(ToldOfOne { newest, first, moved }) => {
                database.newest.put(newest);
                database.first.replace(first);
                database.moved.replace(moved);
            }
            None if findings.is_empty() => _ = database.moved.replace(database.moved_by_now()?),
            None => {}
        }
        Ok((database, findings))
    }

    /// Connects to a database for a register that has no entry yet.
    ///
    /// # Errors
    /// [`StoreError::Exists`]; [`StoreError::OtherSchema`] if the schema is not ours; or there is no connection.
    pub fn create(address: &Address, id: &RegisterId, home: &Home) -> Result<Self, StoreError> {
        let named = address.register().is_none_or(|named| named == id.to_string() || named == id.name().as_str());
        if !named {
            return Err(StoreError::Server(ConnectError::Address(AddressError::OtherRegister)));
        }
        let link = Link::open(address.clone(), home.clone())?;
        let Opening { findings, ids, unprepared, .. } = told::open(&link, Some(&id.to_string()))?;
        let place = PathBuf::from(link.address()?.with_register(&id.to_string()).to_string());
        if unprepared {
            return Err(StoreError::NotPrepared { place: PathBuf::from(address.to_string()) });
        }
        match (findings.into_iter().next(), ids.is_empty()) {
            // No register is here yet, so none can be broken.
            (Some(found), _) => return Err(StoreError::OtherSchema { place, found }),
            (None, false) => return Err(StoreError::Exists { path: place }),
            (None, true) => {}
        }
        let database = Self::of(link, place, id.to_string());
        // A register that left does not come back to the place that says where it went.
        match database.moved_by_now()? {
            Some(to) => Err(StoreError::Moved { path: database.place, to }),
            None => Ok(database),
        }
    }
}
