//! A runner's `ssh` in a transcript: a real ssh client and a real sshd on the loopback address, whose forced command is
//! that of `examples/ci`. The account's `twinseal` hands its words to the test, which runs them with the clock of the
//! transcript and as the account `deploy`, and hands back both outputs and the exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};
use std::time::Duration;

use crate::pipelines::sshd::{Sshd, sshd};
use crate::support::World;

/// The machine account behind the forced command.
const ACCOUNT: &str = "deploy";

/// What stands for the program in the account: one word a line to `asked`, and the answer from three files.
const RELAY: &str = r#"#!/bin/sh
cd "$HOME" || exit 4
printf '%s\n' "$@" > asking && mv asking asked
while [ ! -e code ]; do sleep 0.02; done
cat out; cat err >&2
read -r code < code
rm code
exit "$code"
"#;

/// The account on the register's host, and its sshd.
pub struct BySsh {
    sshd: Sshd,
}

impl BySsh {
    /// Starts it; `None` without an sshd on this machine, which CI must have.
    pub fn start(world: &World) -> Option<Self> {
        fs::create_dir_all(world.path(&format!("people/{ACCOUNT}"))).unwrap();
        world.write("bin/twinseal", RELAY);
        fs::set_permissions(world.path("bin/twinseal"), fs::Permissions::from_mode(0o755)).unwrap();
        Some(Self { sshd: sshd(world)? })
    }

    /// Runs `-T HOST WORDS...`.
    pub fn play(&self, world: &World, line: &str) -> Output {
        let words = line.strip_prefix("-T ").and_then(|it| it.split_once(' ')).expect("ssh -T HOST WORDS").1;
        let mut ssh = self.sshd.client(world, words);
        let mut ssh = ssh.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while ssh.try_wait().unwrap().is_none() {
            answer(world);
            std::thread::sleep(Duration::from_millis(5));
        }
        ssh.wait_with_output().unwrap()
    }
}

/// Runs what the account was asked, if it was.
fn answer(world: &World) {
    let file = |name: &str| format!("people/{ACCOUNT}/{name}");
    let Ok(asked) = fs::read_to_string(world.path(&file("asked"))) else { return };
    fs::remove_file(world.path(&file("asked"))).unwrap();
    let words: Vec<String> = asked.lines().map(str::to_owned).collect();
    let output = world.run_words(ACCOUNT, &words, None);
    world.write(&file("out"), output.out);
    world.write(&file("err"), output.err);
    world.write(&file("coded"), format!("{}\n", output.exit as i32));
    fs::rename(world.path(&file("coded")), world.path(&file("code"))).unwrap();
}
