//! Checks the closing sentence of a transcript against the register.

use twinseal::domain::ChangeId;
use twinseal::error::Exit;

use crate::outside;
use crate::support::World;

const BEGIN: &str = "At the end ";
const EXAMPLE: &str = "At the end CHG-1 is succeeded, the log holds 14 entries, and `twinseal verify` finds nothing.";

/// Checks that the last paragraph states the status of every change, the number of entries, and that `verify` finds
/// nothing.
///
/// # Errors
/// The statement that is false or missing.
pub fn check(text: &str, world: &World) -> Result<(), String> {
    let paragraph = text.trim_end().rsplit("\n\n").next().unwrap_or_default().replace('\n', " ");
    let facts = paragraph.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix('.'));
    let facts = facts.ok_or_else(|| format!("the transcript does not end with a paragraph such as: {EXAMPLE}"))?;
    let mut open = vec!["the log".to_owned(), "`twinseal verify`".to_owned()];
    open.extend((1..).map(|number| format!("CHG-{number}")).take_while(|id| status(world, id).is_some()));
    for fact in facts.split(", ") {
        let fact = fact.strip_prefix("and ").unwrap_or(fact);
        let (subject, said) = [" is ", " holds ", " finds "]
            .iter()
            .find_map(|verb| fact.split_once(verb).map(|(subject, said)| (subject, format!("{verb}{said}"))))
            .ok_or_else(|| format!("{fact} is no fact that can be checked: {EXAMPLE}"))?;
        let true_end = match subject {
            "the log" => format!(" holds {} entries", world.entries()),
            "`twinseal verify`" => format!(" finds {}", findings(world)),
            id if id.starts_with("CHG-") => {
                format!(" is {}", status(world, id).ok_or_else(|| format!("there is no {id}"))?)
            }
            _ => return Err(format!("{fact} is no fact that can be checked: {EXAMPLE}")),
        };
        if said != true_end {
            return Err(format!("{subject}{true_end}, but the transcript ends with: {fact}"));
        }
        open.retain(|it| it != subject);
    }
    match open.first() {
        Some(left_out) => Err(format!("the last paragraph says nothing about {left_out}: {EXAMPLE}")),
        None => Ok(()),
    }
}

/// A change's status in words, folded from the entries.
fn status(world: &World, id: &str) -> Option<String> {
    let state = world.state();
    let change = state.change(id.parse::<ChangeId>().ok()?).ok()?;
    Some(change.status(state.governance(), state.moment(world.now())).unwrap().to_string().replace('-', " "))
}

fn findings(world: &World) -> String {
    let output = world.run("alice", "verify");
    if output.exit != Exit::Done {
        return format!("faults:\n{}", output.screen);
    }
    outside::prove(world)
        .map_or_else(|fault| format!("nothing, but a script does:\n{fault}"), |()| "nothing".to_owned())
}
