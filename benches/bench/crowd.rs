//! Many people who record at once, each in processes of their own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Lets people record notes for so many seconds, each one after the other, and prints how many were recorded in a
/// second, the median and the longest time of one, and how many failed. Person N has the folder `HOMES.N`, a key of
/// `MADE/people`, and knows the register.
pub fn crowd(program: &Path, file: &Path, made: &Path, homes: &str, people: usize, seconds: u64) {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let record = |n: usize| {
        let (mut waits, mut failed) = (Vec::new(), 0);
        while Instant::now() < until {
            let mut command = Command::new(program);
            // The first three are admins, and the other seventeen founders are used again and again.
            let key = made.join(format!("people/p{:04}/key", 4 + n % 17));
            command.env_clear().env("HOME", format!("{homes}.{n}")).env("LOGNAME", format!("person{n}"));
            command.env("TWINSEAL_KEY", key).env("TWINSEAL_REGISTER", file);
            command.args(["note", &format!("CHG-{}", 1 + n), "Done as planned; latency and fills are as before."]);
            let asked = Instant::now();
            let output = command.stdin(Stdio::null()).output().unwrap();
            waits.push(asked.elapsed());
            if !output.status.success() {
                failed += 1;
                eprint!("{}", String::from_utf8_lossy(&output.stderr));
            }
        }
        (waits, failed)
    };
    let done: Vec<(Vec<Duration>, u32)> = thread::scope(|scope| {
        let processes: Vec<_> = (0..people).map(|n| scope.spawn(move || record(n))).collect();
        processes.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let took = begun.elapsed().as_secs_f64();
    let failed: u32 = done.iter().map(|(_, failed)| failed).sum();
    let mut waits: Vec<Duration> = done.into_iter().flat_map(|(waits, _)| waits).collect();
    waits.sort_unstable();
    let [median, longest] = [waits.len() / 2, waits.len() - 1].map(|at| waits[at].as_secs_f64());
    println!("{:.1} {median:.6} {longest:.6} {failed}", (waits.len() - failed as usize) as f64 / took);
}
