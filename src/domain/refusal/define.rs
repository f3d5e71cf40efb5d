//! The macro that defines the refusals.

/// Defines the refusals: a variant each, with the name of its rule, its message and its hint (empty if there is none),
/// both in English and Chinese.
macro_rules! refusals {
    (; $($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty),+ $(,)? })? =>
        $rule:literal, [$message:literal, $chinese:literal] $(($($arg:expr),+))?,
        [$hint:literal, $chinese_hint:literal] $(($($word:expr),+))?;)+) => {
        /// Why a rule refuses an event. For a writer it is an error; for a verifier whose log holds such an event it
        /// is a finding.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $(
                $(#[$doc])*
                #[error("{}", $crate::trf!($message, $chinese $(, $($arg),+)?))]
                $variant $({ $($(#[$fdoc])* $field: $type),+ })?,
            )+
        }

        impl Refusal {
            /// The names of all rules.
            pub const RULES: &'static [&'static str] = &[$($rule),+];
            /// The messages and hints in English and Chinese, with names and braces for their values.
            #[cfg(test)]
            const TEXTS: &'static [[&'static str; 2]] = &[$([$message, $chinese], [$hint, $chinese_hint]),+];

            /// The rule that refuses, as `verify` prints it.
            pub fn rule(&self) -> Rule {
                match self { $(Self::$variant { .. } => Rule::named($rule)),+ }
            }

            /// The next step, where there is one.
            #[allow(unused_variables)] // A hint need not name every field.
            pub fn hint(&self) -> Option<String> {
                let hint = match self {
                    $(Self::$variant $({ $($field),+ })? => $crate::trf!($hint, $chinese_hint $(, $($word),+)?)),+
                };
                Some(hint).filter(|hint| !hint.is_empty())
            }
        }
    };
}

pub(super) use refusals;
