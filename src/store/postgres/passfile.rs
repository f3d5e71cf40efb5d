//! `~/.pgpass`: passwords of databases, as libpq reads them.

use std::io::ErrorKind;

use zeroize::Zeroizing;

use super::connect::Home;
use crate::private::{self, PrivateError};

/// What a password is asked for. A Unix socket is on the host `localhost`.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The host, as the address names it.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The user.
    pub user: &'a str,
}

impl Wanted<'_> {
    /// The line that would fit, without the password.
    pub fn line(&self) -> String {
        let port = self.port.to_string();
        let fields = [self.host, &port, self.database, self.user];
        let fields = fields.map(|it| it.replace('\\', r"\\").replace(':', r"\:"));
        format!("{}:PASSWORD", fields.join(":"))
    }
}

/// The password of the first line that fits; `None` if there is none, or no file.
///
/// # Errors
/// [`PrivateError::Readable`] if the file's group or others have any access; see [`private::read_secret`].
pub fn password(home: &Home, wanted: Wanted<'_>) -> Result<Option<Zeroizing<String>>, PrivateError> {
    let file = home.pass_file.clone().unwrap_or_else(|| home.folder.join(".pgpass"));
    match private::read_secret(&file) {
        Ok(text) => Ok(find(&text, wanted)),
        Err(PrivateError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn find(text: &str, wanted: Wanted<'_>) -> Option<Zeroizing<String>> {
    let port = wanted.port.to_string();
    let fields = [wanted.host, &port, wanted.database, wanted.user];
    let fits = |line| fields.iter().try_fold(line, |rest, field| after_field(rest, field));
    text.lines().filter(|line| !line.starts_with('#')).find_map(fits).map(unescaped)
}

/// What follows the first field of a line and its colon, if the field is this text or `*`.
fn after_field<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let (mut left, mut expected) = (line.chars(), wanted.chars());
    loop {
        let (c, escaped) = match left.next()? {
            '\\' => (left.next()?, true),
            c => (c, false),
        };
        if c == ':' && !escaped {
            return expected.next().is_none().then_some(left.as_str());
        }
        if expected.next() != Some(c) {
            return None;
        }
    }
}

fn unescaped(password: &str) -> Zeroizing<String> {
    // Memory that grows would leave parts of the password behind.
    let mut plain = Zeroizing::new(String::with_capacity(password.len()));
    let mut left = password.chars();
    while let Some(c) = left.next() {
        plain.push(if c == '\\' { left.next().unwrap_or(c) } else { c });
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const WANTED: Wanted<'_> = Wanted { host: "db", port: 5432, database: "log", user: "alice" };

    fn found(text: &str) -> Option<String> {
        find(text, WANTED).map(|it| it.to_string())
    }

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let text = "# db:5432:log:alice:no\ndb:5433:log:alice:a\ndb:*:log:bob:b\n*:*:*:alice:c\ndb:5432:log:alice:d\n";
        assert_eq!(found(text).as_deref(), Some("c"));
        assert_eq!(found("db:5432:log:alice:a\\:b\\\\c:d").as_deref(), Some("a:b\\c:d"));
        assert_eq!(found("db:5432:log:alice:\r\n").as_deref(), Some(""));
        let host = Wanted { host: "::1", user: "a:\\b", ..WANTED };
        assert_eq!(host.line(), "\\:\\:1:5432:log:a\\:\\\\b:PASSWORD");
        assert_eq!(find(&host.line(), host).unwrap().as_str(), "PASSWORD");
    }

    #[test]
    fn no_password_is_given_for_another_server_or_user() {
        for line in [
            "",
            "db",
            "db:5432:log:alice",
            "db2:5432:log:alice:x",
            "d:5432:log:alice:x",
            "db:5432:log:alic:x",
            "db:54321:log:alice:x",
            "\\*:5432:log:alice:x",
            "**:5432:log:alice:x",
            "db:5432:lo\\",
            ":5432:log:alice:x",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".pgpass");
        let home = Home { folder: folder.path().into(), ..Home::default() };
        assert!(matches!(password(&home, WANTED), Ok(None)));
        fs::write(&file, "*:*:*:*:secret\n").unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let error = password(&home, WANTED).unwrap_err();
            assert!(matches!(error, PrivateError::Readable { .. }), "{mode:o}: {error}");
            assert!(!error.to_string().contains("secret:"), "{error}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(password(&home, WANTED).unwrap().unwrap().as_str(), "secret");
        let other = Home { pass_file: Some(folder.path().join("none")), ..home };
        assert!(matches!(password(&other, WANTED), Ok(None)));
    }
}
