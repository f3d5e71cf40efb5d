//! Why bytes are not a valid entry, or not the entry that belongs at their position in the log.

use crate::domain::{Digest, Invalid, PersonId};

/// Defines [`Defect`]: for each variant, the name of its rule in `docs/format.md` and its message.
macro_rules! defects {
    ($($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty),+ $(,)? })? =>
        $rule:literal, $message:literal;)+) => {
        /// What is wrong with an entry's encoding, signature, text part or position. Whether the entry breaks a rule
        /// about its meaning is a [`Refusal`](crate::domain::Refusal), judged afterwards.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Defect {
            $($(#[$doc])* #[error($message)] $variant $({ $($(#[$fdoc])* $field: $type),+ })?,)+
        }

        impl Defect {
            /// The rule's name, as in `docs/format.md` and in the output of `verify`.
            pub fn rule(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $rule),+ }
            }
        }
    };
}

defects! {
    // Grammar
    /// A blob, text part or data part over its size limit.
    TooLarge { /** Size in bytes. */ bytes: usize, /** The limit in bytes. */ most: usize } =>
        "size", "{bytes} bytes; at most {most} are allowed";
    /// Bytes that are not UTF-8.
    Utf8 => "grammar", "not valid UTF-8";
    /// A control, format or invisible character from the list in `docs/format.md`.
    Character { /** The first one found. */ found: char } => "grammar", "forbidden character {found:?}";
    /// A last line that does not end with LF.
    Unended => "grammar", "the last line does not end with LF";
    /// A required line that is missing or out of order.
    Expected { /** Line number, from 1. */ line: usize, /** The key that belongs there. */ key: &'static str } =>
        "grammar", "line {line}: expected '{key}'";
    /// A value that its key does not allow.
    Value {
        /** Line number, from 1. */ line: usize,
        /** The line's key. */ key: &'static str,
        /** What is wrong with the value. */ invalid: Invalid,
    } => "grammar", "line {line}, '{key}': {invalid}";
    /// Lines after the last one that this kind of entry allows.
    Surplus { /** Number of the first such line, from 1. */ line: usize } => "grammar", "line {line}: unexpected line";
    /// A first line that names no kind of entry of this format level.
    Kind => "kind", "unknown kind in the first line";
    /// Bytes that parse but differ from the canonical encoding of what was parsed.
    NotCanonical => "canonical", "not in canonical encoding";
    /// A format level above [`FORMAT`](crate::domain::FORMAT). This means that twinseal is too old, not that the
    /// register is broken.
    Newer { /** The level that entry 0 names. */ format: u64 } =>
        "newer", "unsupported format level {format}: a newer twinseal is required";

    // Signature
    /// No blank line followed by exactly one signature line.
    NoSignature => "signature", "the blank line and the signature line are missing or misplaced";
    /// A blob that is not the canonical SSHSIG encoding of its key, namespace and signature.
    SignatureForm => "signature", "the signature is not a canonical SSHSIG blob for this namespace";
    /// A signature that strict Ed25519 verification rejects.
    SignatureFalse => "signature", "the signature does not verify";
    /// A valid signature by a key other than the one in the `key` line.
    SignatureKey => "signature", "signed by a key other than the one in its 'key' line";
    /// An enrolment request that the key to be enrolled did not sign.
    Proof { /** The person to be enrolled. */ person: PersonId } =>
        "proof", "the key to be enrolled for {person} did not sign the request";
    /// A request for a further key whose vouching signature does not verify.
    Vouch { /** The person whose key is to be added. */ person: PersonId } =>
        "proof", "the vouching signature for the new key of {person} does not verify";

    // Text part
    /// The body names a text part that is not there.
    TextMissing => "text", "the text part is missing, and no proposal redacted it";
    /// A text part that the body does not name.
    TextUnnamed => "text", "a text part is present, but the body names none";
    /// A text part whose digest is not the signed one.
    TextDigest { /** The digest in the body. */ signed: Digest, /** The digest of the text part. */ found: Digest } =>
        "text", "the text part has the digest {found}, but {signed} was signed";
    /// A text part whose fields, evidence or names differ from those that the body lists.
    TextFields => "text", "the text part does not fill the fields that the body lists";
    /// A text part in a kind of entry that allows none.
    TextNone => "text", "this kind of entry has no text part";
    /// A text part that does not parse.
    TextGrammar { /** What is wrong with it. */ inner: Box<Defect> } => "text", "text part: {inner}";

    // Data part
    /// The body names a data part that is not there. Unlike a missing text, nothing explains it.
    DataMissing => "data", "the data part is missing";
    /// A data part that the body does not name.
    DataUnnamed => "data", "a data part is present, but the body names none";
    /// A data part whose digest is not the signed one.
    DataDigest { /** The digest in the body. */ signed: Digest, /** The digest of the data part. */ found: Digest } =>
        "data", "the data part has the digest {found}, but {signed} was signed";
    /// A data part that does not match the lines of the body.
    DataFields => "data", "the data part does not match what the body says of it";
    /// A data part that does not parse.
    DataGrammar { /** What is wrong with it. */ inner: Box<Defect> } => "data", "data part: {inner}";

    // Position in the log
    /// A gap in the log.
    Missing => "seq", "no entry has this seq, but later entries exist";
    /// A `seq` line that differs from the row that holds the entry.
    Seq { /** The number in the entry. */ found: u64, /** The number of its row. */ expected: u64 } =>
        "seq", "seq is {found}; expected {expected}";
    /// An entry of another register.
    Register { /** The register that it names. */ found: String } => "register", "belongs to another register, {found}";
    /// A `prev` that is not the leaf hash of the entry before.
    Prev { /** The digest in the entry. */ found: Digest, /** The digest that belongs there. */ expected: Digest } =>
        "prev", "prev is {found}; the leaf hash of the previous entry is {expected}";
    /// A `governance` that is not the leaf hash of the latest governance entry.
    GovernanceLink {
        /** The digest in the entry. */ found: Digest,
        /** The digest that belongs there. */ expected: Digest,
    } => "governance", "governance is {found}; the leaf hash of the latest governance entry is {expected}";
    /// A `last` that is not the leaf hash of the latest entry about the same change.
    Last { /** The digest in the entry. */ found: Digest, /** The digest that belongs there. */ expected: Digest } =>
        "last", "last is {found}; the leaf hash of the latest entry about this change is {expected}";
}
