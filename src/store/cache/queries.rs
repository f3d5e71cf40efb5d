//! The SQL of lists and reports. It is run on the verified cache only, never on the tables of the register.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Params, Row, params, params_from_iter};

use crate::domain::{
    BreakGlassId, ChangeId, ChangeKind, ConfirmationState, Digest, EventKind, Outcome, PersonId, ProposalId, Risk,
    ServiceId, Status, Tag, Time, Window,
};
use crate::store::StoreError;
use crate::store::cache::verified::{VerifiedCache, parsed, proposal};
use crate::store::doing::Doing;
use crate::trf;

/// What `list` asks for; `None` means any.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// The statuses by the change's own entries, of which any will do; empty means any: an approved or expired change is
    /// stored as awaiting approval.
    pub stored_statuses: BTreeSet<Status>,
    /// The owner of the current revision.
    pub owner: Option<PersonId>,
    /// A service that the current revision lists.
    pub service: Option<ServiceId>,
    /// A tag that the current revision lists.
    pub tag: Option<Tag>,
    /// The risk of the current revision.
    pub risk: Option<Risk>,
    /// The kind of the current revision.
    pub kind: Option<ChangeKind>,
    /// The state of its confirmation.
    pub confirmation: Option<ConfirmationState>,
    /// Its newest outcome.
    pub outcome: Option<Outcome>,
    /// Somebody whose approval of the current revision is not retracted, whether it counts or not.
    pub approver: Option<PersonId>,
    /// An artifact of the current revision, by its digest.
    pub artifact: Option<Digest>,
    /// Somebody who filed any revision, or whom the current one names as author, owner or implementer.
    pub part_of: Option<PersonId>,
    /// Only windows that end after this time.
    pub ends_after: Option<Time>,
    /// Only windows that start before this time.
    pub starts_before: Option<Time>,
    /// The order of the result.
    pub order: ChangeOrder,
    /// The most rows returned.
    pub limit: Option<u32>,
}

/// An order of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChangeOrder {
    /// Filed last first.
    #[default]
    Newest,
    /// Filed first first.
    Oldest,
    /// By the start of the window.
    Window,
    /// The highest risk first.
    Risk,
}

impl ChangeOrder {
    fn sql(self) -> &'static str {
        match self {
            Self::Newest => "id DESC",
            Self::Oldest => "id",
            Self::Window => "window_start, id",
            Self::Risk => {
                "CASE risk WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, id DESC"
            }
        }
    }
}

/// A change with the facts of its current revision, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The change.
    pub id: ChangeId,
    /// Its status by its own entries alone: see [`ChangeFilter::stored_statuses`].
    pub stored_status: Status,
    /// Its kind.
    pub kind: ChangeKind,
    /// Its risk.
    pub risk: Risk,
    /// The state of its confirmation.
    pub confirmation: ConfirmationState,
    /// Its owner.
    pub owner: String,
    /// The start of its window.
    pub opens: Time,
    /// The time zone of its window.
    pub zone: String,
    /// The entry that filed the current revision.
    pub filed: u64,
    /// Its title; `None` if the text was redacted.
    pub title: Option<String>,
    /// Its newest outcome, once it is finished.
    pub outcome: Option<Outcome>,
}

/// What `log` asks for; `None` means any.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    /// The change that the entry is about.
    pub change: Option<ChangeId>,
    /// The break-glass that the entry is about.
    pub break_glass: Option<BreakGlassId>,
    /// Who signed it.
    pub actor: Option<PersonId>,
    /// Its kind.
    pub kind: Option<EventKind>,
    /// This entry alone.
    pub seq: Option<u64>,
    /// This point and what comes after it.
    pub since: Option<Since>,
    /// What comes before this time, as claimed.
    pub until: Option<Time>,
}

/// A point in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// An entry, by its number.
    Entry(u64),
    /// A time, as entries claim it.
    Time(Time),
}

/// A `WHERE` clause and the values of its parameters.
#[derive(Default)]
struct Conditions {
    clause: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition with one parameter, where there is a value for it.
    fn and(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.clause.push_str(if self.values.is_empty() { " WHERE " } else { " AND " });
            self.clause.push_str(condition);
            self.values.push(value.into());
        }
    }

    /// Adds the condition that a column has one of these values, where there are any.
    fn and_any(&mut self, column: &str, values: impl Iterator<Item = String>) {
        let mut values: Vec<Value> = values.map(Value::from).collect();
        let Some(first) = values.pop() else { return };
        let more = ", ?".repeat(values.len());
        self.and(&format!("{column} IN (?{more})"), Some(first));
        self.values.append(&mut values);
    }

    /// Adds a condition on what the current revision lists.
    fn and_lists(&mut self, item: &str, value: Option<String>) {
        let listed = format!(
            "EXISTS (SELECT 1 FROM revision_items AS i
                WHERE i.change = id AND i.number = revision AND i.item = '{item}' AND i.value = ?)"
        );
        self.and(&listed, value);
    }
}

/// Whether somebody's latest approval or retraction of the current revision is an approval.
const APPROVED_BY: &str = "(SELECT v.verdict FROM votes AS v
        WHERE v.change = id AND v.number = revision AND v.person = ? AND v.verdict <> 'reject'
        ORDER BY v.seq DESC LIMIT 1) = 'approve'";

/// Whether the current revision has an artifact.
const HAS_ARTIFACT: &str = "EXISTS (SELECT 1 FROM revision_items AS i
        WHERE i.change = id AND i.number = revision AND i.item = 'artifact' AND i.digest = ?)";

/// Whether somebody filed any revision, or is an author, the owner or an implementer of the current one.
const PART_OF: &str = "EXISTS (SELECT 1 FROM (SELECT ? AS me) WHERE owner = me
        OR EXISTS (SELECT 1 FROM revisions AS r WHERE r.change = id AND r.requester = me)
        OR EXISTS (SELECT 1 FROM revision_items AS i WHERE i.change = id AND i.number = revision
            AND i.item IN ('author', 'implementer') AND i.value = me))";

/// The queries of one verified cache.
pub struct Queries<'c> {
    cache: &'c VerifiedCache,
}

impl VerifiedCache {
    /// Its queries.
    pub fn queries(&self) -> Queries<'_> {
        Queries { cache: self }
    }
}

impl Queries<'_> {
    pub(super) fn cache(&self) -> &VerifiedCache {
        self.cache
    }

    pub(super) fn select<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let select = self.cache.conn().prepare_cached(sql);
        let rows = select.and_then(|mut select| select.query_map(params, read)?.collect());
        rows.map_err(StoreError::cache(self.cache.conn(), Doing::ReadCache))
    }

    /// The changes that match, in the order asked for.
    ///
    /// # Errors
    /// What SQLite reports, or a damaged cache.
    pub fn changes(&self, filter: &ChangeFilter) -> Result<Vec<ChangeRow>, StoreError> {
        let mut conditions = Conditions::default();
        conditions.and_any("state", filter.stored_statuses.iter().map(|it| it.to_string()));
        conditions.and("owner = ?", filter.owner.as_ref().map(PersonId::to_string));
        conditions.and("risk = ?", filter.risk.map(|it| it.to_string()));
        conditions.and("confirmation = ?", filter.confirmation.map(|it| it.to_string()));
        conditions.and("outcome = ?", filter.outcome.map(|it| it.to_string()));
        conditions.and("kind = ?", filter.kind.map(|it| it.to_string()));
        conditions.and_lists("service", filter.service.as_ref().map(ServiceId::to_string));
        conditions.and_lists("tag", filter.tag.as_ref().map(Tag::to_string));
        conditions.and(APPROVED_BY, filter.approver.as_ref().map(PersonId::to_string));
        conditions.and(HAS_ARTIFACT, filter.artifact.map(|it| it.to_string()));
        conditions.and(PART_OF, filter.part_of.as_ref().map(PersonId::to_string));
        conditions.and("window_end > ?", filter.ends_after.map(|it| it.to_string()));
        conditions.and("window_start < ?", filter.starts_before.map(|it| it.to_string()));
        let Conditions { clause, mut values } = conditions;
        // A negative limit is none.
        values.push(filter.limit.map_or(-1, i64::from).into());
        let sql = format!(
            "SELECT id, state, kind, risk, owner, window_start, window_zone, seq, title, confirmation, outcome
                FROM changes
                JOIN revisions ON revisions.change = changes.id AND revisions.number = changes.revision{clause}
                ORDER BY {} LIMIT ?",
            filter.order.sql()
        );
        self.select(&sql, params_from_iter(values), change_row)
    }

    /// The numbers of the entries that match, in order.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn entries(&self, filter: &EntryFilter) -> Result<Vec<u64>, StoreError> {
        // SQLite's integers end at `i64::MAX`, and no log is longer.
        let integer = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        let mut conditions = Conditions::default();
        conditions.and("change = ?", filter.change.map(|it| integer(it.number())));
        conditions.and("breakglass = ?", filter.break_glass.map(|it| integer(it.number())));
        conditions.and("actor = ?", filter.actor.as_ref().map(PersonId::to_string));
        conditions.and("kind = ?", filter.kind.map(|it| it.to_string()));
        conditions.and("seq = ?", filter.seq.map(integer));
        match filter.since {
            Some(Since::Entry(seq)) => conditions.and("seq >= ?", Some(integer(seq))),
            Some(Since::Time(time)) => conditions.and("time >= ?", Some(time.to_string())),
            None => {}
        }
        conditions.and("time < ?", filter.until.map(|it| it.to_string()));
        let Conditions { clause, values } = conditions;
        let sql = format!("SELECT seq FROM log_entries{clause} ORDER BY seq");
        self.select(&sql, params_from_iter(values), |row| row.get(0))
    }

    /// The governance entries before some entry.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn governance_before(&self, seq: u64) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT seq FROM log_entries
            WHERE change IS NULL AND breakglass IS NULL AND deviation IS NULL AND kind NOT LIKE 'log.%' AND seq < ?1 ORDER BY seq";
        self.select(sql, [seq], |row| row.get(0))
    }

    /// The newest entry whose claimed time is not after `time` and not behind what others had claimed.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn newest_by(&self, time: Time) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT seq FROM log_entries WHERE time <= ?1 AND NOT behind ORDER BY seq DESC LIMIT 1";
        Ok(self.select(sql, [time.to_string()], |row| row.get(0))?.pop())
    }

    /// The changes that are stored as awaiting approval or in progress: see [`ChangeFilter::stored_statuses`]. One in
    /// progress can have targets that are not started.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn to_be_started(&self) -> Result<Vec<ChangeId>, StoreError> {
        let sql = "SELECT id FROM changes WHERE state IN ('awaiting-approval', 'in-progress') ORDER BY id";
        self.select(sql, [], change_id)
    }

    /// The changes that are stored as awaiting approval: see [`ChangeFilter::stored_statuses`].
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn awaiting_approval(&self) -> Result<Vec<ChangeId>, StoreError> {
        self.select("SELECT id FROM changes WHERE state = 'awaiting-approval' ORDER BY id", [], change_id)
    }

    /// The changes not rejected, withdrawn or finished whose current revision names this service.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open_of(&self, service: &ServiceId) -> Result<Vec<ChangeId>, StoreError> {
        let sql = "SELECT id FROM changes WHERE state IN ('awaiting-approval', 'in-progress') AND EXISTS (
                SELECT 1 FROM revision_items AS i
                WHERE i.change = id AND i.number = revision AND i.item = 'service' AND i.value = ?1)
            ORDER BY id";
        self.select(sql, [service.as_str()], change_id)
    }

    /// Everybody who was ever enrolled.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn people(&self) -> Result<Vec<PersonId>, StoreError> {
        self.select("SELECT id FROM people ORDER BY id", [], |row| parsed(row, 0))
    }

    /// The names that revisions list as this item, such as `service`.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn names_of(&self, item: &str) -> Result<Vec<String>, StoreError> {
        self.select("SELECT DISTINCT value FROM revision_items WHERE item = ?1", [item], |row| row.get(0))
    }

    /// The open changes that may need an action of this person: every change in progress or inside its window's end,
    /// of those rejected or expired only the ones that the person filed, revised or owned in any revision, of those finished
    /// the ones that await a confirmation, and those to review that are this person's.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open_for(&self, person: &PersonId, now: Time) -> Result<Vec<ChangeId>, StoreError> {
        // Most changes are closed: the cross join looks up no revision of theirs.
        let sql = "SELECT id FROM changes CROSS JOIN revisions ON revisions.change = changes.id
                AND revisions.number = changes.revision
            WHERE state IN ('awaiting-approval', 'rejected', 'in-progress') AND (
                state = 'in-progress' OR state = 'awaiting-approval' AND window_end > ?2
                OR state <> 'in-progress' AND EXISTS (
                    SELECT 1 FROM revisions AS mine WHERE mine.change = id AND ?1 IN (mine.requester, mine.owner)))
                OR confirmation = 'awaiting'
                OR state = 'in-review' AND EXISTS (
                    SELECT 1 FROM revisions AS mine WHERE mine.change = id AND ?1 IN (mine.requester, mine.owner))
            ORDER BY id";
        self.select(sql, params![person.as_str(), now.to_string()], change_id)
    }

    /// The changes not yet over whose current revision names this person as its owner or an implementer.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn carried_out_by(&self, person: &PersonId, now: Time) -> Result<Vec<ChangeId>, StoreError> {
        let sql = "SELECT id FROM changes CROSS JOIN revisions ON revisions.change = changes.id
                AND revisions.number = changes.revision
            WHERE (state = 'in-progress' OR state IN ('awaiting-approval', 'rejected') AND window_end > ?2)
                AND (owner = ?1 OR EXISTS (SELECT 1 FROM revision_items AS i WHERE i.change = id
                    AND i.number = revision AND i.item = 'implementer' AND i.value = ?1))
            ORDER BY id";
        self.select(sql, params![person.as_str(), now.to_string()], change_id)
    }

    /// Of the newest thousand changes, those not withdrawn whose current revision has this title and window, newest first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn similar(&self, title: &str, window: &Window) -> Result<Vec<ChangeId>, StoreError> {
        let sql = "SELECT id FROM changes CROSS JOIN revisions ON revisions.change = changes.id
                AND revisions.number = changes.revision
            WHERE id > (SELECT max(id) FROM changes) - 1000 AND state <> 'withdrawn'
                AND title = ?1 AND window_start = ?2 AND window_end = ?3
            ORDER BY id DESC";
        self.select(sql, params![title, window.start().to_string(), window.end().to_string()], change_id)
    }

    /// The open proposals, lapsed or not, in order.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open_proposals(&self) -> Result<Vec<ProposalId>, StoreError> {
        self.select("SELECT id FROM proposals WHERE state = 'open' ORDER BY id", [], |row| Ok(proposal(row.get(0)?)))
    }

    /// The break-glasses that are not ratified and ended later than `since`, if they ended, in order.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn unratified(&self, since: Time) -> Result<Vec<BreakGlassId>, StoreError> {
        let sql = "SELECT id FROM breakglass WHERE ratified IS NULL AND ends > ?1 ORDER BY id";
        self.select(sql, [since.to_string()], break_glass_id)
    }

    /// The break-glasses that act on a change, in order.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn break_glasses_on(&self, change: ChangeId) -> Result<Vec<BreakGlassId>, StoreError> {
        let sql = "SELECT id FROM breakglass WHERE affects = ?1 ORDER BY id";
        self.select(sql, [change.number()], break_glass_id)
    }

    /// The entry that opened the proposal which another entry, by its leaf hash, seconded; `None` if it seconded none.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn seconded_by(&self, leaf: Digest) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT opened FROM proposals JOIN log_entries ON seq = ended
            WHERE proposals.state = 'seconded' AND leaf = ?1";
        Ok(self.select(sql, [leaf.to_string()], |row| row.get(0))?.pop())
    }

    /// The entry with this leaf hash; `None` if the log has none.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn entry_with(&self, leaf: Digest) -> Result<Option<u64>, StoreError> {
        Ok(self.select("SELECT seq FROM log_entries WHERE leaf = ?1", [leaf.to_string()], |row| row.get(0))?.pop())
    }

    /// The title of a change's current revision; `None` if its text was redacted.
    ///
    /// # Errors
    /// What SQLite reports, or [`StoreError::CacheDamaged`] where the cache has no such change.
    pub fn title(&self, change: ChangeId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT title FROM revisions WHERE change = ?1 ORDER BY number DESC LIMIT 1";
        let title = self.select(sql, [change.number()], |row| row.get(0))?.pop();
        title.ok_or_else(|| self.cache.damaged(trf!("it has no revision of {change}", "其中没有 {change} 的修订")))
    }

    /// Display names, oldest first: those of the founders and of seconded proposals.
    ///
    /// # Errors
    /// What SQLite reports, or a damaged cache.
    pub fn names(&self) -> Result<Vec<(PersonId, String)>, StoreError> {
        // A name in a proposal without a second is one person's word.
        let sql = "SELECT person, name FROM names
            WHERE seq = 0 OR seq IN (SELECT opened FROM proposals WHERE state = 'seconded') ORDER BY seq";
        self.select(sql, [], |row| Ok((parsed(row, 0)?, row.get(1)?)))
    }
}

fn break_glass_id(row: &Row<'_>) -> rusqlite::Result<BreakGlassId> {
    Ok(BreakGlassId::after(row.get::<_, u64>(0)?.saturating_sub(1)))
}

pub(super) fn change_id(row: &Row<'_>) -> rusqlite::Result<ChangeId> {
    Ok(ChangeId::after(row.get::<_, u64>(0)?.saturating_sub(1)))
}

fn change_row(row: &Row<'_>) -> rusqlite::Result<ChangeRow> {
    Ok(ChangeRow {
        id: change_id(row)?,
        stored_status: parsed(row, 1)?,
        kind: parsed(row, 2)?,
        risk: parsed(row, 3)?,
        owner: row.get(4)?,
        opens: parsed(row, 5)?,
        zone: row.get(6)?,
        filed: row.get(7)?,
        title: row.get(8)?,
        confirmation: parsed(row, 9)?,
        outcome: row.get::<_, Option<String>>(10)?.map(|_| parsed(row, 10)).transpose()?,
    })
}
