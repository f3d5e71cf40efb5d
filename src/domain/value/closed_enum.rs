//! Closed sets of words. Each value has one spelling, and the error for an unknown word lists the known ones.

/// Defines an enum whose variants are words, with `ALL`, `as_str`, `Display` and `FromStr`.
macro_rules! closed_enum {
    ($(#[$doc:meta])* $name:ident, [$en:literal, $zh:literal], {
        $($(#[$vdoc:meta])* $variant:ident => $word:literal, $chinese:literal;)+
    }) => {
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

            /// The word for screens, in the language of the reader: the English one has spaces instead of hyphens, except in
            /// `break-glass`.
            pub fn phrase(self) -> String {
                match ($crate::lang::lang(), self) {
                    ($crate::lang::Lang::En, it) => match it.as_str() {
                        "break-glass" => "break-glass".to_owned(),
                        word => word.replace('-', " "),
                    },
                    $(($crate::lang::Lang::Zh, Self::$variant) => $chinese.to_owned()),+
                }
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
                    _ => Err(crate::domain::Invalid::Word { what: $crate::tr!($en, $zh), allowed: Self::WORDS }),
                }
            }
        }
    };
}

pub(crate) use closed_enum;
