//! The output of every command that records an entry.

use serde_json::json;

use super::Context;
use crate::error::Error;
use crate::format::Entry;
use crate::output;

/// Reports a recorded entry. Standard output gets the entry with `--json`, otherwise `data`, which scripts read; `said`
/// goes to standard error.
///
/// # Errors
/// [`RecordedButNotPinned`](crate::store::StoreError::RecordedButNotPinned) if the output fails.
pub fn report_recorded(
    context: &mut Context<'_>,
    entry: &Entry,
    data: Option<String>,
    said: impl std::fmt::Display,
) -> Result<(), Error> {
    let Entry { header, event, text, leaf } = entry;
    context.ui.report_recorded_notices(context.env);
    let heard = if context.ui.json {
        let recorded = output::json::entry(header, event, text.as_ref(), *leaf);
        context.ui.print_json(context.env, json!({ "recorded": recorded }))
    } else {
        data.map_or(Ok(()), |data| Ok(context.env.print(data)?))
    };
    heard.map_err(|error| error.after(header.seq))?;
    context.env.status(said);
    Ok(())
}
