//! The connection of a register, which is made again if its answer to a commit was lost.

use std::cell::{Cell, RefCell, RefMut};
use std::time::Duration;

use postgres::Client;

use crate::store::StoreError;
use crate::store::doing::Doing;
use crate::store::fault::Fault;
use crate::store::postgres::address::Address;
use crate::store::postgres::connect::{Connected, Home, Warnings, connect};
use crate::store::postgres::error::ConnectError;
use crate::store::postgres::fault::{ENGINE, failed};
use crate::store::postgres::service;
use crate::store::postgres::silence::Silence;
use crate::tr;

/// A connection, and what is needed to make it again.
pub struct Link {
    client: RefCell<Client>,
    address: Address,
    home: Home,
    read_only: Cell<bool>,
    standby: Cell<bool>,
    without_standby: Option<ConnectError>,
    warnings: RefCell<Warnings>,
    silence: RefCell<Silence>,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// [`StoreError::Server`].
    pub fn open(address: Address, home: Home) -> Result<Self, StoreError> {
        let Connected { client, standby, read_only, warnings, without_standby, silence, .. } =
            connect(&address, &home)?;
        let (client, standby, read_only) = (RefCell::new(client), Cell::new(standby), Cell::new(read_only));
        let (warnings, silence) = (RefCell::new(warnings), RefCell::new(silence));
        Ok(Self { client, address, home, standby, without_standby, read_only, warnings, silence })
    }

    /// Connects again, perhaps to another host of the address.
    ///
    /// # Errors
    /// [`StoreError::Server`].
    pub fn open_again(&self) -> Result<(), StoreError> {
        let Connected { client, standby, read_only, warnings, silence, .. } = connect(&self.address, &self.home)?;
        *self.client()? = client;
        self.standby.set(standby);
        self.read_only.set(read_only);
        self.warnings.replace(warnings);
        self.silence.replace(silence);
        Ok(())
    }

    /// The address, with what its service says.
    ///
    /// # Errors
    /// The service says it no more.
    pub fn address(&self) -> Result<Address, StoreError> {
        Ok(service::complete(&self.address, &self.home)?)
    }

    /// Whether nothing can be written by this connection.
    pub fn read_only(&self) -> bool {
        self.read_only.get() || self.is_standby()
    }

    /// Whether the server follows a primary.
    pub fn is_standby(&self) -> bool {
        self.standby.get()
    }

    /// Why no standby is used, if one was asked for and others failed.
    pub fn without_standby(&self) -> Option<&ConnectError> {
        self.without_standby.as_ref()
    }

    /// The connection, for a call that is answered soon.
    ///
    /// # Errors
    /// It is in use: a fault of twinseal.
    pub fn client(&self) -> Result<RefMut<'_, Client>, StoreError> {
        self.client_within(Duration::ZERO)
    }

    /// The connection, for a call that waits so long for somebody else.
    ///
    /// # Errors
    /// As [`Link::client`].
    pub fn client_within(&self, wait: Duration) -> Result<RefMut<'_, Client>, StoreError> {
        self.begin(wait);
        self.client.try_borrow_mut().map_err(|_| StoreError::Failed {
            doing: Doing::ReadLog,
            source: Fault::of_server(ENGINE, tr!("the connection is in use", "连接正在使用中")),
        })
    }

    /// From now on the server is silent, as far as this call is concerned.
    pub fn begin(&self, wait: Duration) {
        self.silence.borrow().begin(wait);
    }

    /// Does something on the connection.
    ///
    /// # Errors
    /// What the server reports.
    pub fn with<T>(
        &self,
        doing: Doing,
        work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, StoreError> {
        work(&mut *self.client()?).map_err(failed(doing))
    }

    /// What the server warned of since this was asked last.
    pub fn warning(&self) -> Option<Fault> {
        let said = self.warnings.borrow().take();
        said.map(|said| Fault::of_server(ENGINE, said))
    }
}
