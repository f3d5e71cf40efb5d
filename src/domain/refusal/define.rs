//! The macro that defines the refusals.

/// Defines the refusals: a variant each, with the name of its rule, its message and its hint (empty if there is none).
macro_rules! refusals {
    (; $($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty),+ $(,)? })? =>
        $rule:literal, $message:literal $(($($arg:expr),+))?, $hint:literal $(($($word:expr),+))?;)+) => {
        /// Why a rule refuses an event. For a writer it is an error; for a verifier whose log holds such an event it
        /// is a finding.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $($(#[$doc])* #[error($message $(, $($arg),+)?)] $variant $({ $($(#[$fdoc])* $field: $type),+ })?,)+
        }

        impl Refusal {
            /// The names of all rules.
            pub const RULES: &'static [&'static str] = &[$($rule),+];

            /// The rule that refuses, as `verify` prints it.
            pub fn rule(&self) -> Rule {
                match self { $(Self::$variant { .. } => Rule::named($rule)),+ }
            }

            /// The next step, where there is one.
            #[allow(unused_variables)] // A hint need not name every field.
            pub fn hint(&self) -> Option<String> {
                let hint = match self { $(Self::$variant $({ $($field),+ })? => format!($hint $(, $($word),+)?)),+ };
                Some(hint).filter(|hint| !hint.is_empty())
            }
        }
    };
}

pub(super) use refusals;
