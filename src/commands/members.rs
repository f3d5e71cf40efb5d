//! `NAME=FILE:ROLES`, as `init --member` and `person enrol` take it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Context;
use super::access::parse;
use crate::domain::{Line, Member, PersonId, Role};
use crate::error::Error;
use crate::log::request::{For, Request};

/// The form in messages.
const FORM: &str = "NAME=REQUEST-FILE:ROLE,ROLE";

/// Reads each request, checks its signature and that it is for this register, and gives it its roles.
///
/// # Errors
/// A wrong form, a request that does not hold, or one for another register.
pub fn read(
    context: &mut Context<'_>,
    given: &[String],
    here: &For,
) -> Result<(Vec<Member>, BTreeMap<PersonId, Line>), Error> {
    let mut members = Vec::new();
    let mut names = BTreeMap::new();
    for given in given {
        let wrong = || Error::Form { given: given.clone(), form: FORM };
        let (person, rest) = given.split_once('=').ok_or_else(wrong)?;
        let (path, roles) = rest.rsplit_once(':').ok_or_else(wrong)?;
        let person: PersonId = parse(person)?;
        let roles = roles.split(',').map(parse::<Role>).collect::<Result<BTreeSet<_>, _>>()?;
        let text = context.read_text(Path::new(path))?;
        let path = path.to_owned();
        let request = Request::read(text.as_bytes()).map_err(|defect| Error::Request { path: path.clone(), defect })?;
        if request.register != *here {
            return Err(Error::RequestElsewhere { path, found: request.register.to_string(), here: here.to_string() });
        }
        if request.person != person {
            return Err(Error::RequestOfOther { path, found: request.person, given: person });
        }
        names.extend(request.name.map(|name| (person.clone(), name)));
        members.push(Member { person, roles, key: request.key, proof: request.proof });
    }
    Ok((members, names))
}
