//! Closed sets of words. Each value has one spelling, and the error for an unknown word lists the known ones.

/// Defines an enum whose variants are words, with `ALL`, `as_str`, `Display` and `FromStr`.
macro_rules! closed_enum {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$vdoc:meta])* $variant:ident => $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value, in the order in which lists write them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The spelling of each value, in the order of `ALL`.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word as it is spelled in options, JSON, CSV and tables.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The word for screens, with spaces instead of hyphens.
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
