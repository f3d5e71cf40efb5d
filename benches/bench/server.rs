//! Clients of a PostgreSQL server: one that knows nothing of registers, as the baseline, and one that records.

use std::path::PathBuf;
use std::time::Instant;

use postgres::Client;
use postgres::types::Type;
use twinseal::commands::{Context, Options};
use twinseal::config::Config;
use twinseal::domain::{Event, Field, Prose, Text};
use twinseal::env::Env;
use twinseal::record::{Plan, record};
use twinseal::store::postgres::connect::{Home, connect};

/// The text of a note.
pub const NOTE: &str = "Done as planned; latency and fills are as before.";

fn client(address: &str) -> Client {
    let folder: PathBuf = std::env::var_os("HOME").unwrap().into();
    let user = std::env::var("USER").ok();
    let home = Home { current: folder.clone(), folder, user, ..Home::default() };
    connect(&address.parse().unwrap(), &home).unwrap().client
}

/// Prints the median time of so many calls in seconds.
fn median_of(count: usize, mut call: impl FnMut(usize)) {
    let mut each: Vec<_> = (0..count).map(|n| (Instant::now(), call(n)).0.elapsed()).collect();
    each.sort_unstable();
    println!("{:.6}", each[count / 2].as_secs_f64());
}

/// Inserts so many rows with so many bytes of an entry and of its text, each durably, on one connection.
pub fn insert(address: &str, blob: usize, text: usize, count: usize) {
    // Bytes that do not compress, as those of digests and signatures.
    let dice = crate::dice::Dice::default();
    let bytes = |count: usize| std::iter::repeat_with(|| dice.bytes()).flatten().take(count).collect::<Vec<u8>>();
    let (blob, text) = (bytes(blob), bytes(text));
    let mut client = client(address);
    median_of(count, |_| {
        let values: [(&(dyn postgres::types::ToSql + Sync), Type); 2] = [(&blob, Type::BYTEA), (&text, Type::BYTEA)];
        let inserted = client.execute_typed("INSERT INTO public.bare (blob, text) VALUES ($1, $2)", &values);
        assert_eq!(inserted.unwrap(), 1);
    });
}

/// Records so many notes in one session, each as the command `note` does, from the choice of the key to the new pin.
pub fn record_notes(register: &str, count: usize) {
    let mut env = Env::real();
    let options = Options { register: Some(register.to_owned()), ..Options::default() };
    let mut context = Context::new(&mut env, options, Config::default()).unwrap();
    let mut session = context.open().unwrap();
    let text = Text::Remark(Field::Note, NOTE.parse::<Prose>().unwrap());
    median_of(count, |n| {
        let change = format!("CHG-{}", 1 + n % 150).parse().unwrap();
        let plan = |_: &mut _| Ok(Plan { event: Event::Note(change), text: Some(text.clone()) });
        record(context.recorder(), &mut session, plan).unwrap();
    });
}
