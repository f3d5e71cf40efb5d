//! Closed sets of words: each value has one spelling, and an unknown word names the known ones.

/// Defines an enum whose variants are words, with `ALL`, `as_str`, `Display` and `FromStr`.
macro_rules! closed_enum {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$vdoc:meta])* $variant:ident => $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value, in the order in which several are written.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Their spellings, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word, as options, JSON, CSV and the tables spell it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The word as screens show it: with spaces for hyphens.
            pub fn phrase(self) -> String {
                self.as_str().replace('-', " ")
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::domain::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::domain::Invalid::Word { what: $what, allowed: Self::WORDS }),
                }
            }
        }
    };
}

pub(crate) use closed_enum;
