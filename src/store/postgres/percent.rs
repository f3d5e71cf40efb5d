//! Percent encoding (RFC 3986, 2.1), without tolerance for what is malformed.

use super::address::AddressError;
use crate::domain::is_forbidden;

/// The text that percent encoding stands for.
///
/// # Errors
/// [`AddressError::Encoding`], and [`AddressError::Forbidden`] if it hides a control or invisible character.
pub fn decoded(text: &str) -> Result<String, AddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = after.split_at_checked(2).ok_or(AddressError::Encoding)?;
        let decoded = data_encoding::HEXLOWER_PERMISSIVE.decode(digits).map_err(|_| AddressError::Encoding)?;
        bytes.extend(decoded);
        rest = after;
    }
    let text = String::from_utf8(bytes).map_err(|_| AddressError::Encoding)?;
    if text.contains(is_forbidden) { Err(AddressError::Forbidden) } else { Ok(text) }
}

/// Encodes everything in ASCII but letters, digits and `-._~`. Other letters stay readable.
pub fn encoded(text: &str) -> String {
    let plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-._~".contains(c);
    text.chars().map(|c| if plain(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect()
}
