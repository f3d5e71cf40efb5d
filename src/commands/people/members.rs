//! Parsing `NAME=FILE:ROLES` for `init --member`, `person enrol` and `person machine`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::commands::Context;
use crate::commands::files::read_text;
use crate::commands::lookup::parse;
use crate::domain::{Grants, Line, Member, PersonId, PublicKey, Role};
use crate::error::{Error, RequestError};
use crate::format::request::{RegisterRef, Request};
use crate::output::{Page, key_name};
use crate::tr;

const FORM: &str = "NAME=REQUEST-FILE:ROLE,ROLE";

/// People to enrol, and their display names.
pub type Members = (Vec<Member>, BTreeMap<PersonId, Line>);

/// Reads the enrolment request of each argument, checks its signature and register, and adds the roles.
///
/// # Errors
/// An argument of the wrong form, an invalid request, or a request for another register or person.
pub fn read(context: &mut Context<'_>, given: &[String], here: &RegisterRef) -> Result<Members, Error> {
    let (mut members, mut names) = (Vec::new(), BTreeMap::new());
    for given in given {
        let wrong = || Error::Form { given: given.clone(), form: FORM };
        let (person, rest) = given.split_once('=').ok_or_else(wrong)?;
        let (path, roles) = rest.rsplit_once(':').ok_or_else(wrong)?;
        let person: PersonId = parse(person)?;
        let roles = roles.split(',').map(parse::<Role>).collect::<Result<Vec<_>, _>>()?;
        let request = read_request(context, Path::new(path), here)?;
        if request.person != person {
            return Err(Error::Request(RequestError::OfOther {
                path: path.to_owned(),
                found: request.person,
                given: person,
            }));
        }
        names.extend(request.name.clone().map(|name| (person, name)));
        members.push(member(request, roles));
    }
    Ok((members, names))
}

/// The member that a request asks to become, with these roles.
pub fn member(request: Request, roles: impl IntoIterator<Item = Role>) -> Member {
    let Request { person, asked, key, proof, .. } = request;
    Member { person, grants: Grants::of(roles), asked, key, proof }
}

/// Reads the enrolment request of a machine account, `NAME=FILE`, and adds its roles and operators.
///
/// # Errors
/// As [`read`].
pub fn read_machine(
    context: &mut Context<'_>,
    given: &str,
    roles: &[String],
    operators: &[String],
    here: &RegisterRef,
) -> Result<Members, Error> {
    let wrong = || Error::Form { given: given.to_owned(), form: "NAME=REQUEST-FILE" };
    let (person, path) = given.split_once('=').ok_or_else(wrong)?;
    let person: PersonId = parse(person)?;
    let request = read_request(context, Path::new(path), here)?;
    if request.person != person {
        return Err(Error::Request(RequestError::OfOther {
            path: path.to_owned(),
            found: request.person,
            given: person,
        }));
    }
    let roles = roles.iter().map(|role| parse::<Role>(role)).collect::<Result<Vec<_>, _>>()?;
    let operators = operators.iter().map(|operator| parse(operator)).collect::<Result<BTreeSet<_>, _>>()?;
    let grants = Grants { operators, ..Grants::of(roles) };
    let names = request.name.map(|name| (person.clone(), name)).into_iter().collect();
    let Request { asked, key, proof, .. } = request;
    Ok((vec![Member { person, grants, asked, key, proof }], names))
}

/// Reads an enrolment request for this register.
///
/// # Errors
/// An invalid request, or a request for another register.
pub fn read_request(context: &mut Context<'_>, given: &Path, here: &RegisterRef) -> Result<Request, Error> {
    let text = read_text(context.env, given)?;
    let path = given.display().to_string();
    let request = Request::read(text.as_bytes())
        .map_err(|defect| Error::Request(RequestError::Malformed { path: path.clone(), defect }))?;
    if request.register == *here {
        return Ok(request);
    }
    Err(Error::Request(RequestError::Elsewhere { path, found: request.register.to_string(), here: here.to_string() }))
}

/// Writes the fingerprints of new keys at the end of a page, where the signed lines have the keys in base64.
pub fn fingerprints_block<'k>(page: &mut Page, keys: impl IntoIterator<Item = (&'k PersonId, &'k PublicKey)>) {
    page.block(tr!("keys to compare out of band: by phone, or in person", "请另行核对密钥指纹：打电话或当面"));
    keys.into_iter().for_each(|(person, key)| _ = page.text(person.as_str(), key_name(key)));
}
