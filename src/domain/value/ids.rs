//! Identifiers. Each is a newtype with a private field, so every value is valid and has exactly one spelling.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::domain::Invalid;
use crate::tr;

/// Parses a decimal number in canonical form: no sign, no leading zero, at most 2^53 - 1, up to which
/// JSON readers agree on integers (RFC 8259, section 6).
///
/// # Errors
/// [`Invalid::Number`] for anything else.
pub fn number(text: &str) -> Result<u64, Invalid> {
    const MOST: u64 = (1 << 53) - 1;
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    match text.parse::<u64>() {
        Ok(n) if canonical && n <= MOST => Ok(n),
        _ => Err(Invalid::Number),
    }
}

/// Implements the checked conversions of a newtype over `String` from one predicate.
macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident, [$what:literal, $what_zh:literal], $allowed:expr, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// The identifier as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Invalid::Id { what: tr!($what, $what_zh), allowed: $allowed })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

pub(in crate::domain) use string_id;

/// A lower-case letter, then lower-case letters, digits, `.`, `_` or `-`; at most `most` bytes.
pub(in crate::domain) fn is_name(text: &str, most: usize) -> bool {
    text.len() <= most
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
}

/// The form of a name of at most 32 bytes.
pub(in crate::domain) fn short_name() -> &'static str {
    tr!(
        "a lower-case letter, then up to 31 lower-case letters, digits, '.', '_' or '-'",
        "以小写字母开头，后接最多 31 个小写字母、数字、'.'、'_' 或 '-'"
    )
}

/// The form of a name of at most 64 bytes.
fn long_name() -> &'static str {
    tr!(
        "a lower-case letter, then up to 63 lower-case letters, digits, '.', '_' or '-'",
        "以小写字母开头，后接最多 63 个小写字母、数字、'.'、'_' 或 '-'"
    )
}

/// The form of a token.
fn token() -> &'static str {
    tr!("1 to 128 printable ASCII characters without space", "1 至 128 个可打印的 ASCII 字符，不含空格")
}

/// 1 to `most` printable ASCII characters other than space.
fn is_token(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

string_id!(
    /// An account enrolled in a register: `alice`.
    PersonId,
    ["a person", "账号"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// The name of a register: `prod`. Not unique; see [`RegisterId`].
    RegisterName,
    ["a register's name", "变更台账名称"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// A service, as named in the CMDB: `order-gateway`.
    ServiceId,
    ["a service", "服务名称"],
    long_name(),
    |text| is_name(text, 64)
);

string_id!(
    /// What a service is: `database`, `gateway`.
    ServiceKind,
    ["a kind of service", "服务类型"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// A label to find changes by: `capacity`.
    Tag,
    ["a tag", "标签"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// An environment that a change touches: `prod`, `uat`.
    Environment,
    ["an environment", "环境名称"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// An author who is not enrolled: `vendor-jane`.
    ExternalName,
    ["an external author's name", "外部作者名称"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// A host or an instance that a change touches: `gw-01.example:8443`.
    Target,
    ["a target", "目标"],
    token(),
    |text| is_token(text, 128)
);

string_id!(
    /// The name of a freeze: `market-hours`. The times outside the maintenance hours of a service are like a freeze with
    /// a name such as `hours/order-gateway`.
    FreezeName,
    ["a freeze's name", "封网名称"],
    short_name(),
    |text| is_name(text, 32) || text.strip_prefix("hours/").is_some_and(|service| is_name(service, 64))
);

impl FreezeName {
    /// The beginning of the names of freezes that one person begins alone.
    const NOW: &'static str = "now-";
    /// The beginning of the names of the times outside maintenance hours.
    const HOURS: &'static str = "hours/";
    /// The word that stands for every freeze in a policy.
    const ANY: &'static str = "any";

    /// The name of the freeze that one person opens by the entry with this sequence number.
    pub fn now(seq: u64) -> Self {
        Self(format!("{}{seq}", Self::NOW))
    }

    /// The name of the times outside the maintenance hours of a service.
    pub fn hours(service: &ServiceId) -> Self {
        Self(format!("{}{service}", Self::HOURS))
    }

    /// The service, if the name is that of the times outside its maintenance hours.
    pub fn service(&self) -> Option<ServiceId> {
        self.0.strip_prefix(Self::HOURS).map(|service| ServiceId(service.to_owned()))
    }

    /// A name that a proposal may give to a freeze.
    ///
    /// # Errors
    /// [`Invalid::Id`]; [`Invalid::FreezeName`] for a name that a freeze begun by one person or the times outside
    /// maintenance hours could have, or that stands for every freeze.
    pub fn from_proposal(text: &str) -> Result<Self, Invalid> {
        let name: Self = text.parse()?;
        let taken = text.starts_with(Self::NOW) || text.starts_with(Self::HOURS) || name.is_any();
        if taken { Err(Invalid::FreezeName) } else { Ok(name) }
    }

    /// Whether it stands for every freeze in a policy. No freeze has this name.
    pub fn is_any(&self) -> bool {
        self.0 == Self::ANY
    }
}

string_id!(
    /// The name of a calendar: `market-cn`.
    CalendarName,
    ["a calendar's name", "日历名称"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// A run of a pipeline: `4711`, or the address of its page.
    RunId,
    ["a run id", "流水线运行编号"],
    token(),
    |text| is_token(text, 128)
);

string_id!(
    /// A group of approvers: `dba`.
    Group,
    ["a group", "组名"],
    short_name(),
    |text| is_name(text, 32)
);

impl Group {
    /// The group whose members may begin a freeze alone.
    pub fn duty() -> Self {
        Self("duty".to_owned())
    }
}

string_id!(
    /// The name of a requirement of a policy: `critical`.
    RequirementName,
    ["a requirement's name", "要求名称"],
    short_name(),
    |text| is_name(text, 32)
);

string_id!(
    /// The name of a deployed artifact: `gateway-2.4.1.tar.gz`.
    ArtifactName,
    ["an artifact's name", "制品名称"],
    tr!(
        "1 to 128 printable ASCII characters without space and '='",
        "1 至 128 个可打印的 ASCII 字符，不含空格和 '='"
    ),
    |text| is_token(text, 128) && !text.contains('=')
);

string_id!(
    /// A reference into another system: `INC-2214`, `CVE-2026-1234`.
    Reference,
    ["a reference", "关联编号"],
    token(),
    |text| is_token(text, 128)
);

string_id!(
    /// The name of a time zone, kept for display only: `Asia/Shanghai`.
    ZoneName,
    ["a time zone", "时区"],
    tr!("an IANA name such as Asia/Shanghai", "IANA 名称，如 Asia/Shanghai"),
    |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-/".contains(&b))
    }
);

/// Implements a numbered identifier (`CHG-42`, `7`), counted from one.
macro_rules! numbered_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, [$what:literal, $what_zh:literal], [$allowed:literal, $written:literal]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(u64);

        impl $name {
            /// The next identifier after `count` earlier ones.
            pub fn after(count: u64) -> Self {
                Self(count.saturating_add(1))
            }

            /// The number, from 1.
            pub fn number(self) -> u64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                match text.strip_prefix($prefix).map(number) {
                    Some(Ok(n)) if n > 0 => Ok(Self(n)),
                    _ => Err(Invalid::Id { what: tr!($what, $what_zh), allowed: tr!($allowed, $written) }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($prefix, "{}"), self.0))
            }
        }
    };
}

numbered_id!(
    /// A change: `CHG-42`. Numbered in the order of filing, from 1, without gaps.
    ChangeId,
    "CHG-",
    ["a change", "变更单编号"],
    ["CHG- and a number from 1, such as CHG-42", "CHG- 加从 1 起的数字，如 CHG-42"]
);

numbered_id!(
    /// A break-glass: `BG-3`. Numbered in the order of opening, from 1, without gaps.
    BreakGlassId,
    "BG-",
    ["a break-glass", "紧急处置编号"],
    ["BG- and a number from 1, such as BG-3", "BG- 加从 1 起的数字，如 BG-3"]
);

numbered_id!(
    /// A deviation: `DEV-3`. Numbered in the order of recording, from 1, without gaps.
    DeviationId,
    "DEV-",
    ["a deviation", "偏差编号"],
    ["DEV- and a number from 1, such as DEV-3", "DEV- 加从 1 起的数字，如 DEV-3"]
);

numbered_id!(
    /// A proposal: `7`. Numbered in the order of opening, from 1, without gaps.
    ProposalId,
    "",
    ["a proposal", "提案编号"],
    ["a number from 1, such as 7", "从 1 起的数字，如 7"]
);

/// A SHA-256 digest (FIPS 180-4), written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of all zeros, used where there is no entry to name.
    pub const NONE: Self = Self([0; 32]);

    /// A digest from its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first twelve digits, for display only. Rules compare whole digests.
    pub fn short(&self) -> String {
        hex(&self.0[..6])
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        HEXLOWER.encode_mut(&self.0, &mut digits);
        f.write_str(ascii(&digits))
    }
}

impl FromStr for Digest {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        unhex(text).map(Self).ok_or(Invalid::Digest)
    }
}

/// A register's identity: its name and 128 random bits, written `prod#` and 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RegisterId {
    name: RegisterName,
    random: [u8; 16],
}

impl RegisterId {
    /// An identity for a new register.
    pub fn new(name: RegisterName, random: [u8; 16]) -> Self {
        Self { name, random }
    }

    /// The name of the register, without the random part.
    pub fn name(&self) -> &RegisterName {
        &self.name
    }
}

impl fmt::Display for RegisterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, hex(&self.random))
    }
}

impl FromStr for RegisterId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::Id {
            what: tr!("a register", "变更台账标识"),
            allowed: tr!("its name, '#' and 32 lower-case hexadecimal digits", "名称、'#' 和 32 位小写十六进制数字"),
        };
        let Some((name, random)) = text.split_once('#') else { return Err(invalid()) };
        match (name.parse(), unhex(random)) {
            (Ok(name), Some(random)) => Ok(Self { name, random }),
            _ => Err(invalid()),
        }
    }
}

/// ASCII bytes as text; empty if they are not UTF-8.
pub(in crate::domain) fn ascii(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// Encodes bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Decodes exactly `2 * N` lower-case hexadecimal digits; `None` for any other text.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Fingerprint;

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(number("0"), Ok(0));
        assert_eq!(number("812"), Ok(812));
        for bad in ["", "+5", "-1", "007", "00", " 1", "1 ", "1e3", "٣", "9007199254740992", "99999999999999999999"] {
            assert_eq!(number(bad), Err(Invalid::Number), "{bad:?}");
        }
    }

    #[test]
    fn ids_refuse_other_spellings() {
        assert_eq!("CHG-42".parse::<ChangeId>().map(ChangeId::number), Ok(42));
        for bad in ["CHG-0", "CHG-042", "chg-42", "CHG-", "42", "CHG-+1", "CHG-42 "] {
            assert!(bad.parse::<ChangeId>().is_err(), "{bad:?}");
        }
        for bad in ["", "Alice", "4lice", "al ice", "ali\u{441}e", "a\n", "'; DROP TABLE", &"a".repeat(33)] {
            assert!(bad.parse::<PersonId>().is_err(), "{bad:?}");
        }
        let id = "prod#00112233445566778899aabbccddeeff";
        assert_eq!(id.parse::<RegisterId>().map(|id| id.to_string()), Ok(id.to_owned()));
        for bad in ["prod", "prod#", "prod#00112233445566778899AABBCCDDEEFF", "prod#0011"] {
            assert!(bad.parse::<RegisterId>().is_err(), "{bad:?}");
        }
        for good in ["INC-2214", "a", "~!", &"a".repeat(128)] {
            assert!(good.parse::<Reference>().is_ok() && good.parse::<ArtifactName>().is_ok(), "{good:?}");
        }
        for bad in ["", "a b", "a\n", "\u{1b}[2J", "\u{e9}", &"a".repeat(129)] {
            assert!(bad.parse::<Reference>().is_err() && bad.parse::<ArtifactName>().is_err(), "{bad:?}");
        }
        assert!("a=b".parse::<Reference>().is_ok() && "a=b".parse::<ArtifactName>().is_err());
        assert!(format!("SHA256:{}", "A".repeat(43)).parse::<Fingerprint>().is_ok());
        for length in [0, 4, 40, 42, 44, 64] {
            assert!(format!("SHA256:{}", "A".repeat(length)).parse::<Fingerprint>().is_err(), "{length}");
        }
        assert_eq!(Digest::new([0x2b; 32]).short(), "2b2b2b2b2b2b");
        assert!("A".repeat(64).parse::<Digest>().is_err());
        assert!("é".repeat(32).parse::<Digest>().is_err());
    }
}
