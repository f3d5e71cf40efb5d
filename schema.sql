-- The register: one SQLite file in two parts. The log is authoritative. The tables of the second part are derived from
-- it, and `twinseal rebuild` refills them. twinseal itself never decides by these tables. The third part at the end is
-- not in the register.
--
-- Times are RFC 3339 in UTC. A change is its number: 42 stands for CHG-42. Digests are SHA-256 in hexadecimal.

-- [the log] Permanent: entries are added at the end and never changed. Only a text part can be redacted.

CREATE TABLE entry (
    seq  INTEGER PRIMARY KEY CHECK (seq >= 0),
    blob BLOB NOT NULL,  -- body, blank line, signature line: SHA-256 of 0x00 and these bytes is the leaf hash
    text BLOB,           -- the free text; the body holds its SHA-256
    data BLOB            -- bulk content that rules need, permanent; the body holds its SHA-256
) STRICT;

CREATE TRIGGER entry_only_at_the_end BEFORE INSERT ON entry
WHEN NEW.seq <> (SELECT ifnull(max(seq), -1) + 1 FROM entry)
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an entry goes to its end'); END;

CREATE TRIGGER entry_never_changed BEFORE UPDATE ON entry
WHEN NOT (NEW.seq IS OLD.seq AND NEW.blob IS OLD.blob AND NEW.text IS NULL AND NEW.data IS OLD.data)
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an entry is never changed'); END;

CREATE TRIGGER entry_never_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an entry is never deleted'); END;

-- [the tables] Derived, for SQL and BI. Each account's verified cache has the same tables.

-- One row for each entry.
CREATE TABLE log_entries (
    seq    INTEGER PRIMARY KEY,
    leaf   TEXT NOT NULL,
    kind   TEXT NOT NULL,     -- change.approve, proposal.second, ...
    time   TEXT NOT NULL,     -- as the actor claims it
    effective TEXT NOT NULL,  -- the time at which rules judge it: later than `time` if that clock was behind
    behind INTEGER NOT NULL,  -- 1 if `time` is behind what others had claimed
    actor  TEXT NOT NULL,
    key    TEXT NOT NULL,
    change INTEGER,           -- NULL for governance
    proposal INTEGER,
    text   TEXT,              -- the SHA-256 of its text part, even if it was redacted
    data   TEXT,              -- the SHA-256 of its data part
    breakglass INTEGER,       -- 3 stands for BG-3
    deviation INTEGER         -- 3 stands for DEV-3
) STRICT;
CREATE INDEX log_entries_by_change ON log_entries (change, seq);
CREATE INDEX log_entries_by_breakglass ON log_entries (breakglass, seq) WHERE breakglass IS NOT NULL;
CREATE INDEX log_entries_by_deviation ON log_entries (deviation, seq) WHERE deviation IS NOT NULL;

-- People and machine accounts. An account with operators is a machine account.
CREATE TABLE people (
    id       TEXT PRIMARY KEY,
    enrolled INTEGER NOT NULL, -- the entry that enrolled them
    state    TEXT NOT NULL     -- active, suspended, retired
) STRICT, WITHOUT ROWID;

-- Display names, by the entry whose text holds them; a name in a proposal that was not seconded is never shown.
CREATE TABLE names (
    person TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (person, seq)
) STRICT, WITHOUT ROWID;

-- The periods of each grant, numbered from 1. A period stays here after its end; readers compare both with the time.
CREATE TABLE roles (
    person TEXT NOT NULL,
    role   TEXT NOT NULL,
    period INTEGER NOT NULL,
    begins TEXT,              -- NULL: no beginning
    until  TEXT,              -- NULL: no end
    PRIMARY KEY (person, role, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
    person TEXT NOT NULL,
    name   TEXT NOT NULL,
    period INTEGER NOT NULL,
    begins TEXT,
    until  TEXT,
    PRIMARY KEY (person, name, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE operators (
    machine TEXT NOT NULL,
    person  TEXT NOT NULL,
    PRIMARY KEY (machine, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
    fingerprint TEXT PRIMARY KEY,
    person      TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    enrolled    INTEGER NOT NULL,
    state       TEXT NOT NULL  -- live, suspended, revoked
) STRICT, WITHOUT ROWID;

CREATE TABLE proposals (
    id       INTEGER PRIMARY KEY,
    opened   INTEGER NOT NULL,  -- the entry that opened it
    kind     TEXT NOT NULL,
    proposer TEXT NOT NULL,
    time     TEXT NOT NULL,
    state    TEXT NOT NULL,     -- open, seconded, declined, withdrawn; readers compute whether it lapsed
    ended    INTEGER,           -- the entry that ended it
    ended_by TEXT
) STRICT;

CREATE TABLE changes (
    id       INTEGER PRIMARY KEY,
    state    TEXT NOT NULL,     -- by its own entries alone: approved and expired depend on the time of reading
    revision INTEGER NOT NULL,  -- the current one
    confirmation TEXT NOT NULL, -- not-asked, after-finish, awaiting, confirmed
    review_due TEXT,            -- by when it must be reviewed, or had to be, if a review is due after its finish
    outcome  TEXT               -- the newest one, once it is finished
) STRICT;
CREATE INDEX changes_to_confirm ON changes (id) WHERE confirmation = 'awaiting';
CREATE INDEX changes_to_review ON changes (id) WHERE state = 'in-review';

CREATE TABLE revisions (
    change           INTEGER NOT NULL,
    number           INTEGER NOT NULL,
    filed            TEXT NOT NULL,     -- the leaf hash of the entry that filed it, which approvals name
    seq              INTEGER NOT NULL,
    requester        TEXT NOT NULL,
    time             TEXT NOT NULL,
    title            TEXT,
    kind             TEXT NOT NULL,
    risk             TEXT NOT NULL,
    owner            TEXT NOT NULL,
    window_start     TEXT NOT NULL,
    window_end       TEXT NOT NULL,
    window_zone      TEXT NOT NULL,
    outage_minutes   INTEGER NOT NULL,
    rollback_minutes INTEGER NOT NULL,
    targets          INTEGER NOT NULL,  -- how many; the data part of the entry names them
    stop_after       INTEGER,           -- how many failed targets stop the rest
    PRIMARY KEY (change, number)
) STRICT, WITHOUT ROWID;

-- What a revision lists: authors, implementers, services, environments, tags, followed changes, changes that it overlaps
-- (with the leaf hash of their revision), exceptions, sensitive phrases, artifacts (name and digest), links (kind and
-- reference), its template (name and leaf hash) and the value of each blank (`node gw-03`).
CREATE TABLE revision_items (
    change INTEGER NOT NULL,
    number INTEGER NOT NULL,
    item   TEXT NOT NULL,       -- author, implementer, service, environment, tag, follows, conflict, exception,
                                -- freeze-exception, sensitive, artifact,
                                -- incident, ticket, vulnerability, oa, template, value
    value  TEXT NOT NULL,
    digest TEXT,
    PRIMARY KEY (change, number, item, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE votes (
    seq     INTEGER PRIMARY KEY,
    change  INTEGER NOT NULL,
    number  INTEGER NOT NULL,   -- the revision
    verdict TEXT NOT NULL,      -- approve, reject, retract
    person  TEXT NOT NULL,
    time    TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    seq    INTEGER PRIMARY KEY,
    change INTEGER NOT NULL,
    act    TEXT NOT NULL,       -- start, succeeded, failed, rolled-back, confirm, review, close
    person TEXT NOT NULL,
    time   TEXT NOT NULL,
    target TEXT,                -- NULL: the change as a whole
    run    TEXT                 -- the run of a pipeline
) STRICT;

-- What reviews ask for; the text part of the review's entry says what it is.
CREATE TABLE actions (
    change INTEGER NOT NULL,
    number INTEGER NOT NULL,
    owner  TEXT NOT NULL,
    due    TEXT NOT NULL,
    review INTEGER NOT NULL,    -- the entry of the review
    done   INTEGER,             -- the entry that says that it is done
    PRIMARY KEY (change, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX actions_open ON actions (owner) WHERE done IS NULL;

-- Attempts that were refused; the absence of one proves nothing.
CREATE TABLE refusals (
    seq    INTEGER PRIMARY KEY,
    change INTEGER,             -- either change or proposal
    proposal INTEGER,
    verb   TEXT NOT NULL,       -- approve, reject, start, second
    rule   TEXT NOT NULL,       -- the rule that refused it
    person TEXT NOT NULL,
    time   TEXT NOT NULL
) STRICT;

-- One engineer's word before acting without approval: never an executed change, and never approved. Readers compute from
-- the times whether it ended and whether it is unauthorised.
CREATE TABLE breakglass (
    id       INTEGER PRIMARY KEY,
    opened   INTEGER NOT NULL,  -- the entry that opened it
    person   TEXT NOT NULL,
    time     TEXT NOT NULL,
    incident TEXT NOT NULL,
    affects  INTEGER,           -- a change that it acts on, which need not exist
    ends     TEXT NOT NULL,     -- when it ends or ended, by effective time
    closed   INTEGER,           -- the entry that says what was done
    ratified INTEGER,           -- the entry with which enough approvers had ratified it
    late     TEXT               -- when it was entered, if it was signed without the register
) STRICT;

CREATE TABLE deviations (
    id       INTEGER PRIMARY KEY,
    recorded INTEGER NOT NULL,  -- the entry that told it
    person   TEXT NOT NULL,
    done     TEXT NOT NULL,
    incident TEXT,
    reviewed INTEGER            -- the entry with which it was reviewed by two
) STRICT;

-- What a deviation lists: who did it, services.
CREATE TABLE deviation_items (
    deviation INTEGER NOT NULL,
    item      TEXT NOT NULL,     -- by, service
    value     TEXT NOT NULL,
    PRIMARY KEY (deviation, item, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE deviation_reviews (
    seq       INTEGER PRIMARY KEY,
    deviation INTEGER NOT NULL,
    person    TEXT NOT NULL,
    time      TEXT NOT NULL
) STRICT;

CREATE TABLE breakglass_services (
    breakglass INTEGER NOT NULL,
    service    TEXT NOT NULL,
    PRIMARY KEY (breakglass, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE ratifications (
    seq        INTEGER PRIMARY KEY,
    breakglass INTEGER NOT NULL,
    person     TEXT NOT NULL,
    time       TEXT NOT NULL
) STRICT;

-- Freezes. One that has not ended is in force; whether it is closed at a time is a question for `twinseal freeze check`.
CREATE TABLE freezes (
    began    INTEGER PRIMARY KEY, -- the entry that put it in force
    name     TEXT NOT NULL,
    leaf     TEXT NOT NULL,       -- the leaf hash of that entry
    proposal INTEGER,             -- either the proposal that set it,
    person   TEXT,                -- or who opened it alone
    excepts  TEXT NOT NULL,       -- the group that may except from it
    closes   TEXT,                -- the end of its last closed time; NULL if it has no end
    ended    INTEGER              -- the entry that ended or replaced it
) STRICT;

-- Templates of standard changes. One that has not ended is in force until its last day.
CREATE TABLE templates (
    began    INTEGER PRIMARY KEY, -- the entry that put it in force
    name     TEXT NOT NULL,
    leaf     TEXT NOT NULL,       -- the leaf hash of that entry, which changes name
    proposal INTEGER NOT NULL,    -- the proposal that set it
    until    TEXT NOT NULL,       -- when it ends
    ended    INTEGER              -- the entry that ended or replaced it
) STRICT;

-- The services in force.
CREATE TABLE services (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    owner       TEXT NOT NULL,    -- who answers for it
    team        TEXT NOT NULL,    -- the group that runs it
    tier        INTEGER NOT NULL, -- from 1, the most critical, to 4
    kind        TEXT NOT NULL,
    environment TEXT NOT NULL,
    hours       TEXT              -- the calendar of its maintenance hours; NULL if it may be changed at any hour
) STRICT, WITHOUT ROWID;

-- The tags of services, and the services that they depend on.
CREATE TABLE service_items (
    service TEXT NOT NULL,
    item    TEXT NOT NULL, -- tag or depends-on
    value   TEXT NOT NULL,
    PRIMARY KEY (service, item, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX service_items_by_value ON service_items (item, value);

-- Texts that a proposal redacted.
CREATE TABLE redactions (
    seq    INTEGER PRIMARY KEY, -- the entry whose text it was
    proposal INTEGER NOT NULL
) STRICT;

-- [the state] Only in a verified cache.

-- The state that rules read, one row for each record: person/alice, key/SHA256:..., proposal/7, change/42, and so on.
-- The value is the record, encoded by the program version that wrote it, and a checksum. Another version of the program
-- rebuilds the cache.
CREATE TABLE state (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Hashes of complete subtrees of the Merkle tree over the leaf hashes, at every fourth level: `src/format/tree.rs`. The
-- value is the hash and a checksum.
CREATE TABLE tree (
    level  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;

-- [the new place] Only in a register that has moved, whose `application_id` says so too.

CREATE TABLE moved_to (
    place TEXT NOT NULL
) STRICT;
