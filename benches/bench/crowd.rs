//! Many people who record at once, each in processes of their own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many changes the notes are about, in turn: else one of them would grow with every entry.
const CHANGES: usize = 150;

/// Lets people record notes for so many seconds, each one after the other, and prints the seconds for each entry, and the
/// median and the longest that somebody waited for theirs. Nobody may fail. Person N has the folder `HOMES.N`, a key of
/// `MADE/people`, and knows the register.
pub fn crowd(program: &Path, file: &Path, made: &Path, homes: &str, people: usize, seconds: u64) {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let record = |n: usize| {
        let mut waits = Vec::new();
        while Instant::now() < until {
            let mut command = Command::new(program);
            // The first three are admins; the keys of the other seventeen founders are used in turn.
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
