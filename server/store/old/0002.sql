-- A file as schema 2 left it: one learner, four submissions (one does not compile, one waits).
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES('seed_secret',X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
CREATE TABLE user (
    id            TEXT    PRIMARY KEY CHECK (length(id) = 26),
    login         TEXT    NOT NULL UNIQUE CHECK (length(login) BETWEEN 1 AND 64),
    name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role          TEXT    NOT NULL CHECK (role IN ('learner', 'instructor', 'admin')),
    password_hash TEXT,             -- NULL: no password, no way in by one
    created_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO user VALUES('01J00000000000000000000001','ada','Ada Lovelace','learner',NULL,1718000000000);
CREATE TABLE session (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    user       TEXT    NOT NULL REFERENCES user,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE token (
    id           TEXT    PRIMARY KEY CHECK (length(id) = 26),
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    user         TEXT    NOT NULL REFERENCES user,
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    scopes       INTEGER NOT NULL CHECK (scopes BETWEEN 1 AND 15), -- bits: submit read grade admin
    created_ms   INTEGER NOT NULL,
    last_used_ms INTEGER,
    revoked_ms   INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE cohort (
    id         TEXT    PRIMARY KEY CHECK (length(id) = 26),
    name       TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE member (
    cohort   TEXT    NOT NULL REFERENCES cohort,
    user     TEXT    NOT NULL REFERENCES user,
    role     TEXT    NOT NULL CHECK (role IN ('learner', 'instructor')),
    added_ms INTEGER NOT NULL,
    PRIMARY KEY (cohort, user)
) STRICT, WITHOUT ROWID;
CREATE TABLE lab (
    id    TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 40),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200)
) STRICT, WITHOUT ROWID;
INSERT INTO lab VALUES('1.1','A first lab');
CREATE TABLE file (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    bytes  BLOB NOT NULL
) STRICT;
INSERT INTO file VALUES(X'e13e332bd08e13cbe2aee094e130ed23878b3b554be5b9a665a83e63caa987ae',X'696e7420783b');
CREATE TABLE submission (
    id         TEXT    PRIMARY KEY CHECK (length(id) = 26), -- in order of arrival
    user       TEXT    NOT NULL REFERENCES user,
    lab        TEXT    NOT NULL REFERENCES lab,
    mode       TEXT    NOT NULL CHECK (mode IN ('full', 'visible')),
    seed       INTEGER NOT NULL CHECK (seed BETWEEN 0 AND 9007199254740991), -- fits a JSON number
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO submission VALUES('01J0000000000000000000000A','01J00000000000000000000001','1.1','full',1,1718000001000);
INSERT INTO submission VALUES('01J0000000000000000000000B','01J00000000000000000000001','1.1','full',1,1718000002000);
INSERT INTO submission VALUES('01J0000000000000000000000C','01J00000000000000000000001','1.1','full',1,1718000003000);
INSERT INTO submission VALUES('01J0000000000000000000000D','01J00000000000000000000001','1.1','full',1,1718000004000);
CREATE TABLE submission_file (
    submission TEXT NOT NULL REFERENCES submission,
    name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND instr(name, '/') = 0),
    sha256     BLOB NOT NULL REFERENCES file,
    PRIMARY KEY (submission, name)
) STRICT, WITHOUT ROWID;
INSERT INTO submission_file VALUES('01J0000000000000000000000A','a.c',X'e13e332bd08e13cbe2aee094e130ed23878b3b554be5b9a665a83e63caa987ae');
INSERT INTO submission_file VALUES('01J0000000000000000000000B','a.c',X'e13e332bd08e13cbe2aee094e130ed23878b3b554be5b9a665a83e63caa987ae');
INSERT INTO submission_file VALUES('01J0000000000000000000000C','a.c',X'e13e332bd08e13cbe2aee094e130ed23878b3b554be5b9a665a83e63caa987ae');
INSERT INTO submission_file VALUES('01J0000000000000000000000D','a.c',X'e13e332bd08e13cbe2aee094e130ed23878b3b554be5b9a665a83e63caa987ae');
CREATE TABLE idempotency (
    user         TEXT    NOT NULL REFERENCES user,
    key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    submission   TEXT    NOT NULL REFERENCES submission,
    created_ms   INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;
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
INSERT INTO job VALUES('01J0000000000000000000000A','done',1,0,NULL,NULL,NULL,1718000001000,1718000001010,1718000001900);
INSERT INTO job VALUES('01J0000000000000000000000B','done',1,0,NULL,NULL,NULL,1718000002000,1718000002010,1718000002900);
INSERT INTO job VALUES('01J0000000000000000000000C','done',1,0,NULL,NULL,NULL,1718000003000,1718000003010,1718000003900);
INSERT INTO job VALUES('01J0000000000000000000000D','queued',0,0,NULL,NULL,NULL,1718000004000,NULL,NULL);
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
INSERT INTO report VALUES('01J0000000000000000000000A','v1','wrong_answer',40.0,100.0,0,'{}',1718000001900);
INSERT INTO report VALUES('01J0000000000000000000000B','v1','accepted',100.0,100.0,1,'{}',1718000002900);
INSERT INTO report VALUES('01J0000000000000000000000C','v1','compile_error',0.0,100.0,0,'{}',1718000003900);
CREATE TABLE event (
    submission TEXT    NOT NULL REFERENCES report,
    seq        INTEGER NOT NULL CHECK (seq > 0),
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    json       TEXT    NOT NULL CHECK (length(json) > 0),
    PRIMARY KEY (submission, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO event VALUES('01J0000000000000000000000B',10001,'finished','{"event":"finished"}');
CREATE INDEX session_user ON session (user);
CREATE INDEX session_expires ON session (expires_ms);
CREATE INDEX token_user ON token (user, id) WHERE revoked_ms IS NULL;
CREATE INDEX member_user ON member (user);
CREATE INDEX submission_user_lab ON submission (user, lab, id);
CREATE INDEX submission_user ON submission (user, id);
CREATE INDEX submission_lab ON submission (lab, id);
CREATE INDEX job_queued ON job (submission) WHERE state = 'queued';
CREATE INDEX job_leased ON job (lease_ms) WHERE state = 'leased';
CREATE INDEX job_failed ON job (submission) WHERE state = 'failed';
COMMIT;
PRAGMA user_version = 2;
