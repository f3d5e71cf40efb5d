//! Parts of the sentences of errors.

pub(super) fn knows(registers: &[String]) -> String {
    if registers.is_empty() { String::new() } else { format!("; this account knows {}", registers.join(", ")) }
}

pub(super) fn further(verified: &Option<u64>) -> String {
    verified.map_or(String::new(), |seq| format!("; this account verified the old register up to entry {seq}"))
}

pub(super) fn none_fits(held: usize) -> String {
    match held {
        0 => "the ssh-agent holds no Ed25519 key".to_owned(),
        1 => "the one Ed25519 key in the ssh-agent is not enrolled here".to_owned(),
        held => format!("none of the {held} Ed25519 keys in the ssh-agent is enrolled here"),
    }
}

pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; did you mean {near}?"))
}

/// An argument, quoted and cut to fit a line.
pub(super) fn short(given: &str) -> String {
    const MOST: usize = 60;
    match given.char_indices().nth(MOST) {
        Some((at, _)) => format!("{:?}…", &given[..at]),
        None => format!("{given:?}"),
    }
}

pub(super) fn closed_freezes(count: usize) -> String {
    if count == 1 { "1 freeze is closed".to_owned() } else { format!("{count} freezes are closed") }
}
