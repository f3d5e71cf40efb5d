//! `pg_service.conf`: named settings of connections, as libpq reads them.
//!
//! The variables `PGSERVICEFILE` and `PGPASSFILE` name files. No other variable of libpq is read: a register must not
//! move to another server because somebody set `PGHOST`.

use std::path::{Path, PathBuf};

use super::address::{Address, AddressError};
use super::connect::Home;
use super::error::ConnectError;
use crate::private::{self, Owner};

/// The services of the host, as Debian and Red Hat build PostgreSQL.
const OF_HOST: &str = "/etc/postgresql-common/pg_service.conf";

/// The address with what it leaves open taken from the settings of its service.
///
/// # Errors
/// No file has the service, a file cannot be trusted or read, or a setting is refused, as a password is.
pub fn complete(address: &Address, home: &Home) -> Result<Address, ConnectError> {
    let Some(name) = address.service() else { return Ok(address.clone()) };
    let files = files(home);
    for file in &files {
        let Some(text) = private::read(file, Owner::MeOrRoot)? else { continue };
        if let Some(service) = find(&text, name).map_err(|(line, why)| ConnectError::service(file, line, why))? {
            return Ok(address.clone().complete(service)?);
        }
    }
    Err(ConnectError::NoService { name: name.to_owned(), files })
}

fn files(home: &Home) -> Vec<PathBuf> {
    let mine = home.service_file.clone().unwrap_or_else(|| home.folder.join(".pg_service.conf"));
    vec![mine, Path::new(OF_HOST).to_owned()]
}

/// The settings in the first section of this name, or the line that is wrong and why; without a reason, it is no
/// setting.
fn find(text: &str, name: &str) -> Result<Option<Address>, (usize, Option<AddressError>)> {
    let mut found = None;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            let section = section.strip_suffix(']').ok_or((number, None))?;
            found = (section == name).then(Address::default);
            continue;
        }
        let Some(settings) = &mut found else { continue };
        let (key, value) = line.split_once('=').ok_or((number, None))?;
        let set = match key.trim() {
            "service" => Err(AddressError::Unknown { key: "service".to_owned() }),
            key => settings.set(key, value.trim()),
        };
        set.map_err(|why| (number, Some(why)))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# ours\n[test]\nhost=t\n\n[prod]\nhost = db1,db2\n  port=6432\n# dbname=no\ndbname=log\n[prod]\nport=1\n";

    #[test]
    fn a_service_is_the_first_section_of_its_name() {
        let address: Address = "postgres:///?service=prod&user=alice".parse().unwrap();
        let whole = address.complete(find(FILE, "prod").unwrap().unwrap()).unwrap();
        assert_eq!(whole.to_string(), "postgres://alice@db1:6432,db2:6432/log");
        assert_eq!(find(FILE, "other"), Ok(None));
        assert_eq!(find("[]\nhost=x", "prod"), Ok(None));
    }

    #[test]
    fn no_password_and_no_weaker_tls_is_taken_from_a_service() {
        for (line, why) in [
            ("password=hunter", Some(AddressError::Password)),
            ("sslmode=require", Some(AddressError::SslMode)),
            ("service=other", Some(AddressError::Unknown { key: "service".to_owned() })),
            ("options=-c x", Some(AddressError::Unknown { key: "options".to_owned() })),
            ("host=a\u{7}", Some(AddressError::Forbidden)),
            ("ldap://server", None),
            ("[broken", None),
        ] {
            let found = find(&format!("[prod]\n{line}\n"), "prod");
            let wanted = if line.starts_with('[') { Ok(Some(Address::default())) } else { Err((2, why)) };
            assert_eq!(found, wanted, "{line}");
        }
        assert_eq!(find("[broken\n[prod]", "prod"), Err((1, None)));
    }

    #[test]
    fn the_wrong_lines_of_another_service_stop_nobody() {
        assert!(find("[old]\npassword=x\n[prod]\ndbname=log", "prod").unwrap().is_some());
    }
}
