//! A register of a test on a PostgreSQL server, in a database of its own: with `TWINSEAL_ON=postgres` every register that
//! [`World::founded`](super::World::founded) makes is there, and the same tests run through it.

use std::cell::{Cell, RefCell, RefMut};
use std::process::Command;
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
    kept: Cell<u32>,
}

/// Whether registers of tests are on a server.
pub fn is_asked_for() -> bool {
    match std::env::var("TWINSEAL_ON").as_deref() {
        Err(_) | Ok("sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("TWINSEAL_ON is sqlite or postgres, and not {other}"),
    }
}

/// Makes what a test needs that is about something only a file has. If registers are on a server, it says that the test
/// is skipped, and the test returns.
pub fn in_a_file<T>(only_a_file_has: &str, make: impl FnOnce() -> T) -> Option<T> {
    if is_asked_for() {
        eprintln!("skipped on a server: only a file has {only_a_file_has}");
        return None;
    }
    Some(make())
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
        Self { cluster, database, owner, kept: Cell::default() }
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

    /// Executes SQL without twinseal. The owner lifts the checks of the table first, and puts them back so that nobody
    /// can see it: a check that was added later is valid only once all rows passed it, or the catalog says so.
    pub fn tamper(&self, sql: &str) {
        const CHECKS: &str = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = 'twinseal.entry'::regclass AND contype = 'c'";
        let mut owner = self.owner();
        let checks = owner.query(CHECKS, &[]).unwrap();
        let each = |words: fn(&str, &str) -> String| checks.iter().map(|it| words(it.get(0), it.get(1))).collect();
        let lift: String = each(|name, _| format!("ALTER TABLE twinseal.entry DROP CONSTRAINT {name};"));
        let put_back: String = each(|name, check| {
            format!(
                "ALTER TABLE twinseal.entry ADD CONSTRAINT {name} {check} NOT VALID;
                 UPDATE pg_constraint SET convalidated = true WHERE conname = '{name}';"
            )
        });
        owner.batch_execute(&format!("{lift} SET search_path = twinseal, public; {sql}; {put_back}")).unwrap();
    }

    /// Keeps the log as it is now, and returns the name by which [`Server::put_back`] finds it.
    pub fn keep(&self) -> String {
        let name = format!("public.kept_{}", self.kept.replace(self.kept.get() + 1));
        self.owner().batch_execute(&format!("CREATE TABLE {name} AS SELECT * FROM twinseal.entry")).unwrap();
        name
    }

    /// Replaces the log with one that was kept.
    pub fn put_back(&self, kept: &str) {
        self.tamper(&format!("DELETE FROM entry; INSERT INTO entry SELECT * FROM {kept}"));
    }

    /// A program of PostgreSQL, such as `pg_dump`, that connects to this database as its owner.
    pub fn program(&self, name: &str) -> Command {
        let mut command = self.cluster.program(name);
        command.env("PGDATABASE", &self.database);
        command
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
