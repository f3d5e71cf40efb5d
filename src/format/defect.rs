//! Why bytes are not an entry, or not the entry that belongs at their place.

use crate::domain::{Digest, Invalid, PersonId};

/// Defines the defects: each a variant with the name of its rule and one sentence.
macro_rules! defects {
    ($($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty),+ $(,)? })? =>
        $rule:literal, $message:literal;)+) => {
        /// What is wrong with an entry before any rule about its meaning is asked.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Defect {
            $($(#[$doc])* #[error($message)] $variant $({ $($(#[$fdoc])* $field: $type),+ })?,)+
        }

        impl Defect {
            /// The rule's name, as `verify` prints it.
            pub fn rule(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $rule),+ }
            }
        }
    };
}

defects! {
    // Grammar
    /// More bytes than an entry or a text part may have.
    TooLarge { /** How many there are. */ bytes: usize, /** How many there may be. */ most: usize } =>
        "size", "{bytes} bytes, where at most {most} are allowed";
    /// Bytes that are not UTF-8.
    Utf8 => "grammar", "not UTF-8";
    /// A control, bidirectional or invisible character.
    Character { /** Which. */ found: char } => "grammar", "holds the forbidden character {found:?}";
    /// A last line without its LF.
    Unended => "grammar", "the last line is not ended by LF";
    /// A line out of order, or missing.
    Expected { /** Which line, from 1. */ line: usize, /** The key that belongs there. */ key: &'static str } =>
        "grammar", "line {line} is not the expected line '{key}'";
    /// A value that its key does not allow.
    Value { /** Which line, from 1. */ line: usize, /** Its key. */ key: &'static str, /** Why. */ invalid: Invalid } =>
        "grammar", "line {line}, '{key}': {invalid}";
    /// Lines after the last that may be there.
    Surplus { /** The first of them, from 1. */ line: usize } => "grammar", "line {line} should not be there";
    /// A kind of entry that does not exist at this level.
    Kind => "kind", "its first line names no kind that this format has";
    /// Readable, but written in another way than the only one.
    NotCanonical => "canonical", "not written in its one spelling";
    /// A format level above ours: not a finding.
    Newer { /** The level. */ format: u64 } =>
        "newer", "names format level {format}, which needs a newer twinseal";

    // Signature
    /// No signature line after the blank line.
    NoSignature => "signature", "the blank line and the signature line are not where they belong";
    /// A blob that is not exactly what its key, namespace and signature encode to.
    SignatureForm => "signature", "the signature is not the one encoding of an SSHSIG for this kind of entry";
    /// A signature that does not hold, judged strictly.
    SignatureFalse => "signature", "the signature does not hold for this entry and its key";
    /// A signature by another key than the one named.
    SignatureKey => "signature", "the signature was made with another key than the entry names";
    /// A key that never proved that its holder wants it enrolled.
    Proof { /** Whose. */ person: PersonId } =>
        "proof", "the key of {person} did not sign this request to be enrolled";

    /// A key that did not vouch for another.
    Vouch { /** Whose. */ person: PersonId } =>
        "proof", "the key that should vouch for the new key of {person} did not sign this request";

    // Text part
    /// The body names a text, and there is none.
    TextMissing => "text", "its text is missing, and no proposal redacted it";
    /// The body names no text, and there is one.
    TextUnnamed => "text", "it has a text that its body does not name";
    /// A text that is not the one whose digest was signed.
    TextDigest { /** The digest that was signed. */ signed: Digest, /** The digest of what is there. */ found: Digest } =>
        "text", "its text has the digest {found}, and {signed} was signed";
    /// A text that fills other fields than the body says.
    TextFields => "text", "its text does not fill the fields that its body lists";
    /// A text for a kind of entry that has none.
    TextNone => "text", "this kind of entry has no text";
    /// A text part that is not one.
    TextGrammar { /** Why. */ inner: Box<Defect> } => "text", "its text: {inner}";

    // Place in the log
    /// A gap in the log.
    Missing => "seq", "no entry stands here, and later ones do";
    /// A place out of order.
    Seq { /** The place it says. */ found: u64, /** The place where it stands. */ expected: u64 } =>
        "seq", "it says seq {found} and stands at {expected}";
    /// Another register's entry.
    Register { /** The register it names. */ found: String } => "register", "it belongs to the register {found}";
    /// An entry that follows another one than the one before it.
    Prev { /** What it says. */ found: Digest, /** What it must say. */ expected: Digest } =>
        "prev", "prev is {found}, and the entry before has the leaf hash {expected}";
    /// A wrong link to the governance entry before.
    GovernanceLink { /** What it says. */ found: Digest, /** What it must say. */ expected: Digest } =>
        "governance", "governance is {found}, and the latest governance entry has the leaf hash {expected}";
    /// A wrong link to the entry before about the same change.
    Last { /** What it says. */ found: Digest, /** What it must say. */ expected: Digest } =>
        "last", "last is {found}, and the latest entry about this change has the leaf hash {expected}";
}
