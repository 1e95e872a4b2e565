-- 0001: who there is, and how they show it. Secrets are kept as hashes only: passwords as argon2id,
-- tokens and session cookies, which are random, as BLAKE2b.
CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    id            TEXT    PRIMARY KEY CHECK (length(id) = 26),
    login         TEXT    NOT NULL UNIQUE CHECK (length(login) BETWEEN 1 AND 64),
    name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role          TEXT    NOT NULL CHECK (role IN ('learner', 'instructor', 'admin')),
    password_hash TEXT,             -- NULL: no password, no way in by one
    created_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    user       TEXT    NOT NULL REFERENCES user,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user);
CREATE INDEX session_expires ON session (expires_ms);

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
CREATE INDEX token_user ON token (user, id) WHERE revoked_ms IS NULL;

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
CREATE INDEX member_user ON member (user);
