//! Concurrent writers, each a series of processes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::NOTE;

/// The notes are spread over this many changes, so that no change grows with every entry.
const CHANGES: usize = 150;

/// Lets each person record one note after another for `seconds`. Prints three numbers of seconds: wall time divided by
/// entries, and the median and the maximum latency of a note. Person N has the home directory `HOMES.N`, which knows the
/// register, and a key of `MADE/people`.
///
/// # Panics
/// If a note is refused.
pub fn crowd(program: &Path, file: &Path, made: &Path, homes: &str, people: usize, seconds: u64) {
    in_turn(people, seconds, |n, count| {
        let mut command = Command::new(program);
        // Of the twenty founders, the first three are admins; the keys of the others are used in turn.
        let key = made.join(format!("people/p{:04}/key", 4 + n % 17));
        command.env_clear().env("HOME", format!("{homes}.{n}")).env("LOGNAME", format!("person{n}"));
        command.env("TWINSEAL_KEY", key).env("TWINSEAL_REGISTER", file);
        let change = format!("CHG-{}", 1 + (n + people * count) % CHANGES);
        command.args(["note", &change, NOTE]);
        command
    });
}

/// As [`crowd`], by clients of a server that insert rows of so many bytes, each by a process and a connection of its own.
///
/// # Panics
/// If a row is refused.
pub fn bare(address: &str, people: usize, seconds: u64, (blob, text): (&str, &str)) {
    let program = std::env::current_exe().unwrap();
    in_turn(people, seconds, |_, _| {
        let mut command = Command::new(&program);
        command.args(["server", "insert", address, blob, text, "1"]);
        command
    });
}

/// Lets each of so many people run one process after another; `command` gets the person and the count of their processes.
fn in_turn(people: usize, seconds: u64, command: impl Fn(usize, usize) -> Command + Sync) {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let record = |n: usize| {
        let mut waits = Vec::new();
        while Instant::now() < until {
            let asked = Instant::now();
            let output = command(n, waits.len()).stdin(Stdio::null()).output().unwrap();
            waits.push(asked.elapsed());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        waits
    };
    let mut waits: Vec<Duration> = thread::scope(|scope| {
        let record = &record;
        let people: Vec<_> = (0..people).map(|n| scope.spawn(move || record(n))).collect();
        people.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    let each = begun.elapsed().as_secs_f64() / waits.len() as f64;
    waits.sort_unstable();
    let [median, longest] = [waits.len() / 2, waits.len() - 1].map(|at| waits[at].as_secs_f64());
    println!("{each:.6} {median:.6} {longest:.6}");
}
