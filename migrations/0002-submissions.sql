-- 0002: work that came in, and what grading found. Files are kept once per content, in the database,
-- so that one transaction covers a submission whole.
CREATE TABLE lab (
    id    TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 40),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200)
) STRICT, WITHOUT ROWID;

CREATE TABLE file (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE submission (
    id         TEXT    PRIMARY KEY CHECK (length(id) = 26), -- in order of arrival
    user       TEXT    NOT NULL REFERENCES user,
    lab        TEXT    NOT NULL REFERENCES lab,
    mode       TEXT    NOT NULL CHECK (mode IN ('full', 'visible')),
    seed       INTEGER NOT NULL CHECK (seed BETWEEN 0 AND 9007199254740991), -- fits a JSON number
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_user_lab ON submission (user, lab, id);
CREATE INDEX submission_user ON submission (user, id);
CREATE INDEX submission_lab ON submission (lab, id);

CREATE TABLE submission_file (
    submission TEXT NOT NULL REFERENCES submission,
    name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND instr(name, '/') = 0),
    sha256     BLOB NOT NULL REFERENCES file,
    PRIMARY KEY (submission, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    user         TEXT    NOT NULL REFERENCES user,
    key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    submission   TEXT    NOT NULL REFERENCES submission,
    created_ms   INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;

-- The attempt is the number of the lease: it grows with each, and only its holder may end the job.
CREATE TABLE job (
    submission  TEXT    PRIMARY KEY REFERENCES submission,
    state       TEXT    NOT NULL CHECK (state IN ('queued', 'leased', 'done', 'failed')),
    attempt     INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    deaths      INTEGER NOT NULL DEFAULT 0 CHECK (deaths BETWEEN 0 AND attempt),
    last_error  TEXT,
    owner       TEXT,
    lease_ms    INTEGER,            -- when the lease ends
    queued_ms   INTEGER NOT NULL,
    started_ms  INTEGER,            -- of the last attempt
    finished_ms INTEGER,
    CHECK ((state = 'leased') = (lease_ms IS NOT NULL AND owner IS NOT NULL)),
    CHECK ((state IN ('done', 'failed')) = (finished_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX job_queued ON job (submission) WHERE state = 'queued';
CREATE INDEX job_leased ON job (lease_ms) WHERE state = 'leased';
CREATE INDEX job_failed ON job (submission) WHERE state = 'failed';

-- Primary key and reference together: graded exactly once.
CREATE TABLE report (
    submission  TEXT    PRIMARY KEY REFERENCES job,
    lab_version TEXT    NOT NULL,
    verdict     TEXT    NOT NULL CHECK (length(verdict) > 0),
    score       REAL    NOT NULL CHECK (score >= 0),
    max_score   REAL    NOT NULL,
    pass        INTEGER NOT NULL CHECK (pass IN (0, 1)),
    json        TEXT    NOT NULL CHECK (length(json) > 0),
    created_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    submission TEXT    NOT NULL REFERENCES report,
    seq        INTEGER NOT NULL CHECK (seq > 0),
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    json       TEXT    NOT NULL CHECK (length(json) > 0),
    PRIMARY KEY (submission, seq)
) STRICT, WITHOUT ROWID;
