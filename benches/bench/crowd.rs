//! Concurrent writers, each a series of processes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The notes are spread over this many changes, so that no change grows with every entry.
const CHANGES: usize = 150;

/// Lets each person record one note after another for `seconds`. Prints three numbers of seconds: wall time divided by
/// entries, and the median and the maximum latency of a note. Person N has the home directory `HOMES.N`, which knows the
/// register, and a key of `MADE/people`.
///
/// # Panics
/// If a note is refused.
pub fn crowd(program: &Path, file: &Path, made: &Path, homes: &str, people: usize, seconds: u64) {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let record = |n: usize| {
        let mut waits = Vec::new();
        while Instant::now() < until {
            let mut command = Command::new(program);
            // Of the twenty founders, the first three are admins; the keys of the others are used in turn.
            let key = made.join(format!("people/p{:04}/key", 4 + n % 17));
            command.env_clear().env("HOME", format!("{homes}.{n}")).env("LOGNAME", format!("person{n}"));
            command.env("TWINSEAL_KEY", key).env("TWINSEAL_REGISTER", file);
            let change = format!("CHG-{}", 1 + (n + people * waits.len()) % CHANGES);
            command.args(["note", &change, "Done as planned; latency and fills are as before."]);
            let asked = Instant::now();
            let output = command.stdin(Stdio::null()).output().unwrap();
            waits.push(asked.elapsed());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        waits
    };
    let mut waits: Vec<Duration> = thread::scope(|scope| {
        let people: Vec<_> = (0..people).map(|n| scope.spawn(move || record(n))).collect();
        people.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    let each = begun.elapsed().as_secs_f64() / waits.len() as f64;
    waits.sort_unstable();
    let [median, longest] = [waits.len() / 2, waits.len() - 1].map(|at| waits[at].as_secs_f64());
    println!("{each:.6} {median:.6} {longest:.6}");
}
