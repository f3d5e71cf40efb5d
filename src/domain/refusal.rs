//! The rules that refuse an entry, each with its name, message and hint. The files below list them by subject.

use crate::domain::{
    ArtifactName, BreakGlassId, CalendarName, ChangeId, Closed, ConflictOfInterest, Digest, Duty, Field, Fingerprint,
    FreezeName, Group, KeyState, Needed, Opens, Outcome, PartInBreakGlass, PartInChange, PersonId, Phrase, ProposalId,
    RequirementName, Role, RunId, Status, Tag, Target, Time, Window,
};

mod break_glass;
mod define;
mod execution;
mod filing;
mod governance;
mod rule;

use break_glass::break_glass;
use define::refusals;
use execution::execution;
use filing::filing;
use governance::governance;
pub use rule::Rule;

// Each macro adds its list and passes all on to the next; `refusals` makes one enum of them.
governance! { filing! execution! break_glass! refusals!; }
