//! Baselines on a PostgreSQL server: a client that knows nothing of registers.

use std::path::PathBuf;

use postgres::Client;
use postgres::types::Type;
use twinseal::store::postgres::connect::{Home, connect};

fn client(address: &str) -> Client {
    let folder: PathBuf = std::env::var_os("HOME").unwrap().into();
    let user = std::env::var("USER").ok();
    let home = Home { current: folder.clone(), folder, user, ..Home::default() };
    connect(&address.parse().unwrap(), &home).unwrap().client
}

/// Connects as twinseal does, and does nothing.
pub fn connect_only(address: &str) {
    drop(client(address));
}

/// Inserts one row with so many bytes of an entry and of its text, durably.
pub fn insert(address: &str, blob: usize, text: usize) {
    // Bytes that do not compress, as those of digests and signatures.
    let dice = crate::dice::Dice::default();
    let bytes = |count: usize| std::iter::repeat_with(|| dice.bytes()).flatten().take(count).collect::<Vec<u8>>();
    let (blob, text) = (bytes(blob), bytes(text));
    let values: [(&(dyn postgres::types::ToSql + Sync), Type); 2] = [(&blob, Type::BYTEA), (&text, Type::BYTEA)];
    let inserted = client(address).execute_typed("INSERT INTO public.bare (blob, text) VALUES ($1, $2)", &values);
    assert_eq!(inserted.unwrap(), 1);
}
