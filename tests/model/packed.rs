//! The state that an evidence pack about all changes gives. It has neither break-glasses nor others' claims, and no rule
//! refuses in it what the register accepted.

use twinseal::domain::{Action, Denied, Digest, Event, Header, Register, StateRecord, Stream, TextState};

pub struct Packed(Register);

impl Packed {
    pub fn new() -> Self {
        Self(Register::of_selected())
    }

    /// Takes in an entry that the register accepted.
    pub fn take(&mut self, header: &Header, leaf: Digest, event: &Event) {
        if !matches!(event.stream(), Stream::Governance | Stream::Change(_)) {
            return;
        }
        if let Event::Propose { action: Action::Redact(texts), .. } = event {
            let text = |(seq, digest): (&u64, &Digest)| (*seq, TextState { digest: *digest, redacted: None });
            texts.iter().map(text).for_each(|(seq, text)| self.0.load(StateRecord::Text(seq, text)));
        }
        let judged: Result<(), Denied> = self.0.judge(header, event);
        judged.unwrap_or_else(|it| panic!("entry {} is refused in a pack: {it}: {event:?}", header.seq));
        self.0.apply(header, leaf, event).unwrap();
    }
}
