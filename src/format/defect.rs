//! Why bytes are not a valid entry, or not the entry that belongs at their position in the log.

use crate::domain::{Digest, Invalid, PersonId};

/// Defines [`Defect`]: for each variant, the name of its rule in `docs/format.md` and its message in both
/// languages.
macro_rules! defects {
    ($($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty),+ $(,)? })? =>
        $rule:literal, $message:literal, $chinese:literal;)+) => {
        /// What is wrong with an entry's encoding, signature, text part or position. Whether the entry breaks a rule
        /// about its meaning is a [`Refusal`](crate::domain::Refusal), judged afterwards.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Defect {
            $($(#[$doc])* #[error("{}", $crate::trf!($message, $chinese))] $variant $({ $($(#[$fdoc])* $field: $type),+ })?,)+
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
        "size", "{bytes} bytes; at most {most} are allowed",
        "{bytes} 字节，最多允许 {most} 字节";
    /// Bytes that are not UTF-8.
    Utf8 => "grammar", "not valid UTF-8",
        "不是有效的 UTF-8";
    /// A control, format or invisible character from the list in `docs/format.md`.
    Character { /** The first one found. */ found: char } => "grammar", "forbidden character {found:?}",
        "禁用字符 {found:?}";
    /// A last line that does not end with LF.
    Unended => "grammar", "the last line does not end with LF",
        "最后一行不以 LF 结尾";
    /// A required line that is missing or out of order.
    Expected { /** Line number, from 1. */ line: usize, /** The key that belongs there. */ key: &'static str } =>
        "grammar", "line {line}: expected '{key}'",
        "第 {line} 行：应为 '{key}'";
    /// A value that its key does not allow.
    Value {
        /** Line number, from 1. */ line: usize,
        /** The line's key. */ key: &'static str,
        /** What is wrong with the value. */ invalid: Invalid,
    } => "grammar", "line {line}, '{key}': {invalid}",
        "第 {line} 行，'{key}'：{invalid}";
    /// Lines after the last one that this kind of entry allows.
    Surplus { /** Number of the first such line, from 1. */ line: usize } => "grammar", "line {line}: unexpected line",
        "第 {line} 行：多余的行";
    /// A first line that names no kind of entry of this format level.
    Kind => "kind", "unknown kind in the first line",
        "第一行的类型未知";
    /// Bytes that parse but differ from the canonical encoding of what was parsed.
    NotCanonical => "canonical", "not in canonical encoding",
        "不是规范编码";
    /// A format level above [`FORMAT`](crate::domain::FORMAT). This means that twinseal is too old, not that the
    /// register is broken.
    Newer { /** The level that entry 0 names. */ format: u64 } =>
        "newer", "unsupported format level {format}: a newer twinseal is required",
        "不支持格式级别 {format}：需要更新版本的 twinseal";

    // Signature
    /// No blank line followed by exactly one signature line.
    NoSignature => "signature", "the blank line and the signature line are missing or misplaced",
        "空行和签名行缺失或位置不对";
    /// A blob that is not the canonical SSHSIG encoding of its key, namespace and signature.
    SignatureForm => "signature", "the signature is not a canonical SSHSIG blob for this namespace",
        "签名不是此命名空间的规范 SSHSIG 数据";
    /// A signature that strict Ed25519 verification rejects.
    SignatureFalse => "signature", "the signature does not verify",
        "签名无效";
    /// A signature of a FIDO token that nobody touched.
    Untouched => "signature", "the FIDO token was not touched",
        "未触摸 FIDO 设备";
    /// A valid signature by a key other than the one in the `key` line.
    SignatureKey => "signature", "signed by a key other than the one in its 'key' line",
        "签名密钥与 'key' 行不符";
    /// An enrolment request that the key to be enrolled did not sign.
    Proof { /** The person to be enrolled. */ person: PersonId } =>
        "proof", "the key to be enrolled for {person} did not sign the request",
        "请求未由要为 {person} 登记的密钥签名";
    /// A statement that the key which it names did not sign.
    Statement { /** Whose key it names. */ person: PersonId } =>
        "proof", "the statement is not signed with the key of {person} that it names",
        "声明未由其写明的 {person} 的密钥签名";
    /// A request for a further key whose vouching signature does not verify.
    Vouch { /** The person whose key is to be added. */ person: PersonId } =>
        "proof", "the vouching signature for the new key of {person} does not verify",
        "为 {person} 新密钥担保的签名无效";

    // Text part
    /// The body names a text part that is not there.
    TextMissing => "text", "the text part is missing, and no proposal redacted it",
        "缺少文本部分，且没有提案隐去它";
    /// A text part that the body does not name.
    TextUnnamed => "text", "a text part is present, but the body names none",
        "有文本部分，但正文未列出";
    /// A text part whose digest is not the signed one.
    TextDigest { /** The digest in the body. */ signed: Digest, /** The digest of the text part. */ found: Digest } =>
        "text", "the text part has the digest {found}, but {signed} was signed",
        "文本部分的摘要是 {found}，而签名的是 {signed}";
    /// A text part whose fields, evidence or names differ from those that the body lists.
    TextFields => "text", "the text part does not fill the fields that the body lists",
        "文本部分与正文列出的字段不符";
    /// A text part in a kind of entry that allows none.
    TextNone => "text", "this kind of entry has no text part",
        "此类日志条目没有文本部分";
    /// A text part that does not parse.
    TextGrammar { /** What is wrong with it. */ inner: Box<Defect> } => "text", "text part: {inner}",
        "文本部分：{inner}";

    // Data part
    /// The body names a data part that is not there. Unlike a missing text, nothing explains it.
    DataMissing => "data", "the data part is missing",
        "缺少数据部分";
    /// A data part that the body does not name.
    DataUnnamed => "data", "a data part is present, but the body names none",
        "有数据部分，但正文未列出";
    /// A data part whose digest is not the signed one.
    DataDigest { /** The digest in the body. */ signed: Digest, /** The digest of the data part. */ found: Digest } =>
        "data", "the data part has the digest {found}, but {signed} was signed",
        "数据部分的摘要是 {found}，而签名的是 {signed}";
    /// A data part that does not match the lines of the body.
    DataFields => "data", "the data part does not match what the body says of it",
        "数据部分与正文的说明不符";
    /// A data part that does not parse.
    DataGrammar { /** What is wrong with it. */ inner: Box<Defect> } => "data", "data part: {inner}",
        "数据部分：{inner}";

    // Position in the log
    /// A gap in the log.
    Missing => "seq", "no entry has this seq, but later entries exist",
        "缺少此序号的日志条目，但有更新的条目";
    /// A `seq` line that differs from the row that holds the entry.
    Seq { /** The number in the entry. */ found: u64, /** The number of its row. */ expected: u64 } =>
        "seq", "seq is {found}; expected {expected}",
        "seq 是 {found}，应为 {expected}";
    /// An entry of another register.
    Register { /** The register that it names. */ found: String } => "register", "belongs to another register, {found}",
        "属于另一个变更台账 {found}";
    /// A `prev` that is not the leaf hash of the entry before.
    Prev { /** The digest in the entry. */ found: Digest, /** The digest that belongs there. */ expected: Digest } =>
        "prev", "prev is {found}; the leaf hash of the previous entry is {expected}",
        "prev 是 {found}，而上一条日志条目的叶哈希是 {expected}";
    /// A `governance` that is not the leaf hash of the latest governance entry.
    GovernanceLink {
        /** The digest in the entry. */ found: Digest,
        /** The digest that belongs there. */ expected: Digest,
    } => "governance", "governance is {found}; the leaf hash of the latest governance entry is {expected}",
        "governance 是 {found}，而最新治理条目的叶哈希是 {expected}";
    /// A `last` that is not the leaf hash of the latest entry about the same change.
    Last { /** The digest in the entry. */ found: Digest, /** The digest that belongs there. */ expected: Digest } =>
        "last", "last is {found}; the leaf hash of the latest entry about this change is {expected}",
        "last 是 {found}，而此变更单最新条目的叶哈希是 {expected}";
}
