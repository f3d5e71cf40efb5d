//! A register of a test on a PostgreSQL server, in a database of its own: with `TWINSEAL_ON=postgres` every register that
//! [`World::founded`](super::World::founded) makes is there, and the same tests run through it.

use std::cell::{RefCell, RefMut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, Row};
use twinseal::format::Raw;

use crate::postgres::cluster::{Cluster, one_at_a_time};

/// Who connects in every test: may record and redact, and nothing else.
const ROLE: &str = "tester";

/// A database, which is dropped with this.
pub struct Server {
    cluster: &'static Cluster,
    database: String,
    owner: RefCell<Client>,
}

/// Whether registers of tests are on a server.
pub fn is_asked_for() -> bool {
    match std::env::var("TWINSEAL_ON").as_deref() {
        Err(_) | Ok("sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("TWINSEAL_ON is sqlite or postgres, and not {other}"),
    }
}

impl Server {
    /// A database that is ready for a register.
    pub fn start() -> Self {
        static READY: OnceLock<String> = OnceLock::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let cluster = Cluster::shared().expect("TWINSEAL_ON=postgres needs PostgreSQL");
        let ready = READY.get_or_init(|| {
            let ready = cluster.ready();
            let role = format!("CREATE ROLE {ROLE} LOGIN IN ROLE twinseal_admin");
            cluster.client("postgres", &cluster.account).batch_execute(&role).unwrap();
            ready
        });
        let database = format!("w{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let _one = one_at_a_time();
        let make = format!("CREATE DATABASE {database} TEMPLATE {ready}");
        cluster.client("postgres", &cluster.account).batch_execute(&make).unwrap();
        let owner = RefCell::new(cluster.client(&database, &cluster.account));
        Self { cluster, database, owner }
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("postgres://{ROLE}@{}/{}", self.cluster.socket(), self.database)
    }

    /// A connection of the database's owner, who may do everything.
    pub fn owner(&self) -> RefMut<'_, Client> {
        self.owner.borrow_mut()
    }

    /// Another connection of the owner.
    pub fn another_owner(&self) -> Client {
        self.cluster.client(&self.database, &self.cluster.account)
    }

    /// A role of this database alone, with the rights of a group.
    pub fn role(&self, group: &str) -> String {
        self.cluster.role(&self.database, group)
    }

    /// Every entry, in order.
    pub fn raws(&self) -> Vec<Raw> {
        let sql = "SELECT seq, blob, text, data FROM twinseal.entry ORDER BY seq";
        self.owner().query(sql, &[]).unwrap().iter().map(raw).collect()
    }

    /// The entry with this sequence number.
    pub fn raw(&self, seq: u64) -> Raw {
        let sql = "SELECT seq, blob, text, data FROM twinseal.entry WHERE seq = $1";
        raw(&self.owner().query_one(sql, &[&i64::try_from(seq).unwrap()]).unwrap())
    }

    /// Appends exact bytes.
    pub fn insert(&self, raw: &Raw) {
        let sql = "INSERT INTO twinseal.entry SELECT register, $1, $2, $3, $4 FROM twinseal.entry LIMIT 1";
        let seq = i64::try_from(raw.seq).unwrap();
        let inserted = self.owner().execute(sql, &[&seq, &raw.blob, &raw.text, &raw.data]).unwrap();
        assert_eq!(inserted, 1, "a register without entry 0");
    }
}

fn raw(row: &Row) -> Raw {
    let seq: i64 = row.get(0);
    Raw { seq: seq.try_into().unwrap(), blob: row.get(1), text: row.get(2), data: row.get(3) }
}

impl Drop for Server {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.database);
        let _ = self.cluster.client("postgres", &self.cluster.account).batch_execute(&drop);
    }
}
