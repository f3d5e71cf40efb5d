//! The refusals about break-glass.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! break_glass {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Break-glass
    /// A break-glass number out of sequence.
    BreakGlassNumber { /** The next number. */ expected: BreakGlassId } =>
        "breakglass-number", "the next break-glass is {expected}", "";
    /// No such break-glass.
    NoBreakGlass { /** Which. */ id: BreakGlassId } =>
        "breakglass-known", "no break-glass {id}", "`twinseal breakglass list` shows all of them";
    /// A second close by somebody else than its opener.
    ClosedBefore { /** Which. */ id: BreakGlassId } =>
        "breakglass-close-once", "{id} is already closed",
        "`twinseal breakglass show {id}` shows what was done; its opener can add to it until it is ratified";
    /// A close by somebody else than its opener before it has ended.
    OpenStill { /** Which. */ id: BreakGlassId, /** When it ends. */ end: Time } =>
        "breakglass-close-open", "{id} is open until {end}; before that only its opener closes it",
        "ask its opener to say what was done, or close it after that time";
    /// A close that does not say what was done.
    NothingReported { /** Which. */ id: BreakGlassId } =>
        "breakglass-report", "{id} is closed by saying what was done",
        "write it in a file: `twinseal breakglass close {id} FILE`";
    /// Ratifying one's own break-glass.
    OwnBreakGlass { /** Which. */ id: BreakGlassId, /** The part that they had. */ part: PartInBreakGlass } =>
        "breakglass-part", "you cannot ratify {id} because you {}" (part.phrase()),
        "ask other approvers; `twinseal person list` shows them";
    /// A break-glass by somebody outside the groups of the policy.
    NotProvidedFor { /** Which. */ id: BreakGlassId } =>
        "breakglass-group", "{id} cannot be ratified: its opener was in none of the groups that the policy names",
        "`twinseal policy show` lists the groups";
    /// A signed word for another register.
    WordElsewhere { /** Who signed it. */ person: PersonId } =>
        "breakglass-register", "what {person} signed does not name the fingerprint of this register",
        "enter it in the register that it names";
    /// A signed word from the future.
    WordAhead { /** What it claims. */ time: Time } =>
        "breakglass-word-ahead", "it was signed at {time}, which is ahead: a clock was wrong", "enter it after that time";
    /// A signed word that was entered before.
    EnteredBefore { /** As which. */ id: BreakGlassId } =>
        "breakglass-entered-once", "it is entered already, as {id}", "`twinseal breakglass show {id}` shows it";
    /// Ratifying before anybody said what was done.
    NotClosed { /** Which. */ id: BreakGlassId } =>
        "breakglass-closed", "{id} is not closed: nobody has said what was done",
        "its opener or another engineer closes it: `twinseal breakglass close {id} FILE`";
    /// A ratification that names another entry than the one that closed it.
    OtherClose { /** Which. */ id: BreakGlassId, /** The entry that closed it. */ closed: Digest } =>
        "breakglass-close-known", "not the entry that closed {id}, which is {closed}",
        "read it again with `twinseal breakglass show {id}`, then decide";
    /// Ratifying what is ratified.
    RatifiedBefore { /** Which. */ id: BreakGlassId } =>
        "breakglass-undecided", "{id} is ratified: nothing left to decide", "";
    /// Ratifying the same report a second time.
    RatifiedAlready { /** Which. */ id: BreakGlassId, /** Who. */ person: PersonId } =>
        "breakglass-ratify-once", "{person} has already ratified {id}",
        "another approver ratifies it: `twinseal breakglass ratify {id}`";
    /// Ratifying before the end.
    EndsLater { /** Which. */ id: BreakGlassId, /** When it ends. */ end: Time } =>
        "breakglass-ahead", "{id} ends at {end}, ahead of what others claim: a clock was wrong",
        "ratify it once three other people have acted since it was opened: then its end is corrected";
    /// Ratifying too late.
    Unauthorised { /** Which. */ id: BreakGlassId, /** Since when. */ since: Time } =>
        "breakglass-deadline", "{id} has been unauthorised since {since}, 24 hours after its end", "";
    /// A break-glass with a text that was redacted.
    BreakGlassRedacted { /** Which. */ id: BreakGlassId } =>
        "breakglass-redacted", "a text of {id} was redacted, so it can no longer be ratified", "";
    } };
}

pub(super) use break_glass;
