//! The files of `examples/ci`: what a pipeline runs, against a real register, and the account on the register's host.

pub mod sshd;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{CHANGE, World, stock_tool};
use sha2::{Digest as _, Sha256};
use twinseal::error::Exit;

const ARTIFACT: &str = "order-gateway.tar.gz";

/// A register at the real time, with the machine account `deploy`, which has known it from the beginning; and a checkout
/// in `build` with the project's own commands. `ssh` runs the forced command without a connection.
fn with_runner() -> World {
    let world = World::founded();
    world.at_real_time();
    world.person("deploy");
    let fingerprint = world.fingerprint();
    let request = "person request deploy --register prod.db --role engineer --operator alice --out deploy.request";
    world.ok("deploy", &format!("{request} --fingerprint {fingerprint}"));
    world.ok("alice", "person machine deploy=deploy.request --operator alice --role engineer");
    let opened = world.state().governance().proposal("1".parse().unwrap()).unwrap().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world.ok("deploy", &format!("list --fingerprint {fingerprint}"));
    let settings =
        format!("register = \"{}\"\nkey = \"{}\"\n", shown(&world, "prod.db"), shown(&world, "people/deploy/key"));
    world.write("people/deploy/.config/twinseal/config.toml", settings);
    world.write(&format!("build/{ARTIFACT}"), "the build");
    executable(&world, "build/deploy", "#!/bin/sh\necho \"deployed $1\" >> log\n");
    executable(&world, "build/roll-back", "#!/bin/sh\necho rolled back >> log\n");
    let ci = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci");
    for file in fs::read_dir(&ci).unwrap().map(Result::unwrap) {
        let copy = format!("build/examples/ci/{}", file.file_name().to_str().unwrap());
        world.write(&copy, fs::read(file.path()).unwrap());
    }
    fs::create_dir_all(world.path("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_twinseal"), world.path("bin/twinseal")).unwrap();
    let home = shown(&world, "people/deploy");
    let forced = format!("HOME='{home}' SSH_ORIGINAL_COMMAND=\"$*\" exec '{}/gate-command'", ci.display());
    executable(&world, "bin/ssh", &format!("#!/bin/sh\nshift 2\n{forced}\n"));
    world
}

/// The SHA-256 of the approved artifact.
fn sum() -> String {
    Sha256::digest(b"the build").iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shown(world: &World, path: &str) -> String {
    world.path(path).display().to_string()
}

fn executable(world: &World, path: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    world.write(path, script);
    fs::set_permissions(world.path(path), fs::Permissions::from_mode(0o755)).unwrap();
}

/// A change of the artifact that `deploy` implements, in a window that has just opened.
fn draft(world: &World) -> String {
    let now = world.now();
    let sum = sum();
    CHANGE
        .replace("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"deploy\"]")
        .replace("2026-12-01T10:00:00Z", &now.plus(-60).to_string())
        .replace("2026-12-01T12:00:00Z", &now.plus(7200).to_string())
        + &format!("\n[[artifacts]]\nname = \"{ARTIFACT}\"\nsha256 = \"{sum}\"\n")
}

fn file(world: &World, change: &str) {
    world.write("build/change.toml", draft(world));
    world.ok("erin", "file build/change.toml --again");
    assert!(world.ok("erin", "list").contains(change));
}

fn approve(world: &World, change: &str) {
    ["carol", "dave"].iter().for_each(|person| world.approve(person, change));
}

/// Runs a line in the checkout, with the variables that the pipeline's server sets.
fn run(world: &World, line: &str, variables: &[(&str, &str)]) -> Output {
    let path = format!("{}:{}", shown(world, "bin"), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-e", "-c", line]).current_dir(world.path("build"));
    command.env_clear().env("PATH", path).env("HOME", world.path("build")).envs(variables.iter().copied());
    command.output().unwrap()
}

/// The lines of a pipeline that a shell runs, without what surrounds them.
fn shell_lines(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci").join(name);
    let source = fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let line = line.trim();
        let begins = ["- run: ", "- ", "steps { sh '"].into_iter().find_map(|it| line.strip_prefix(it))?;
        let shell = begins.strip_suffix("' }").unwrap_or(begins);
        (shell.starts_with("sh ") || shell.starts_with("twinseal ")).then(|| shell.to_owned())
    };
    source.lines().filter_map(line).collect()
}

fn log(world: &World) -> String {
    fs::read_to_string(world.path("build/log")).unwrap_or_default()
}

#[test]
fn no_pipeline_deploys_what_two_people_have_not_approved() {
    let world = with_runner();
    for (n, name) in ["gitlab-ci.yml", "github-actions.yml", "Jenkinsfile"].into_iter().enumerate() {
        let change = format!("CHG-{}", n + 1);
        file(&world, &change);
        let lines = shell_lines(name);
        let [check, deploy] = lines.as_slice() else { panic!("{name}: {lines:?}") };
        let variables =
            [("CHANGE", change.as_str()), ("CI_PIPELINE_ID", "7"), ("GITHUB_RUN_ID", "7"), ("BUILD_TAG", "b-7")];
        assert!(run(&world, check, &variables).status.success(), "{name}");
        let refused = run(&world, deploy, &variables);
        assert_eq!((refused.status.code(), log(&world)), (Some(1), String::new()), "{name}: {refused:?}");
        approve(&world, &change);
        let done = run(&world, deploy, &variables);
        assert!(done.status.success(), "{name}: {done:?}");
        assert_eq!(log(&world), format!("deployed {ARTIFACT}\n"), "{name}");
        assert!(world.ok("erin", &format!("show {change}")).contains("succeeded"), "{name}");
        fs::remove_file(world.path("build/log")).unwrap();
    }
}

#[test]
fn no_play_deploys_what_two_people_have_not_approved() {
    if !stock_tool("ansible-playbook") {
        return;
    }
    let world = with_runner();
    file(&world, "CHG-1");
    let play = "ansible-playbook examples/ci/ansible-play.yml -e change=CHG-1 -e run_id=7";
    let variables = [("LC_ALL", "C.UTF-8")];
    assert!(!run(&world, play, &variables).status.success());
    assert_eq!(log(&world), "");
    approve(&world, "CHG-1");
    let done = run(&world, play, &variables);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(log(&world), format!("deployed {ARTIFACT}\n"));
}

#[test]
fn a_deployment_that_fails_is_rolled_back_and_recorded_so() {
    let world = with_runner();
    file(&world, "CHG-1");
    approve(&world, "CHG-1");
    executable(&world, "build/deploy", "#!/bin/sh\nexit 1\n");
    let failed = run(&world, &format!("sh examples/ci/gated-deploy CHG-1 run-1 {ARTIFACT}"), &[]);
    assert_eq!((failed.status.code(), log(&world)), (Some(1), "rolled back\n".to_owned()), "{failed:?}");
    assert!(world.ok("erin", "show CHG-1").contains("rolled back"));
}

#[test]
fn no_other_build_is_deployed_than_the_approved_one() {
    let world = with_runner();
    file(&world, "CHG-1");
    approve(&world, "CHG-1");
    world.write(&format!("build/{ARTIFACT}"), "another build");
    let refused = run(&world, &format!("sh examples/ci/gated-deploy CHG-1 run-1 {ARTIFACT}"), &[]);
    assert_eq!((refused.status.code(), log(&world)), (Some(1), String::new()), "{refused:?}");
}

#[test]
fn no_machine_account_starts_with_an_artifact_that_it_did_not_name() {
    let world = with_runner();
    file(&world, "CHG-1");
    approve(&world, "CHG-1");
    // The approved file is where the command runs, and vouches for nothing.
    for words in ["start CHG-1 --run-id 7", "start CHG-1", "gate CHG-1 --start --run-id 7"] {
        let refused = run(&world, &format!("ssh -T gate {words}"), &[]);
        assert_eq!(refused.status.code(), Some(1), "{words}: {refused:?}");
        let said = [refused.stdout, refused.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(&format!("approved artifact {ARTIFACT} was not given")), "{words}: {said}");
    }
    world.fails("deploy", "start CHG-1 --artifacts build", Exit::Refused, "--artifacts is not for pipelines");
    assert!(world.change("CHG-1").started().is_none());
}

#[test]
fn pipelines_have_the_form_that_their_servers_read() {
    if stock_tool("check-jsonschema") {
        for (schema, name) in [("gitlab-ci", "gitlab-ci.yml"), ("github-workflows", "github-actions.yml")] {
            let line = format!("check-jsonschema --builtin-schema vendor.{schema} examples/ci/{name}");
            let world = with_runner();
            let checked = run(&world, &line, &[]);
            assert!(checked.status.success(), "{checked:?}");
        }
    }
}
