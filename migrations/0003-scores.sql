-- 0003: the best result per learner and lab, so that a list of labs or a cohort's table reads one row
-- each. Only derived: score_derived says how, job_finish copies the row that changed, and rebuilding
-- copies them all. What is no attempt (it did not compile, it was cancelled, we failed) is not there.
CREATE TABLE score (
    user        TEXT    NOT NULL REFERENCES user,
    lab         TEXT    NOT NULL REFERENCES lab,
    attempts    INTEGER NOT NULL CHECK (attempts > 0),
    submission  TEXT    NOT NULL REFERENCES report,
    verdict     TEXT    NOT NULL,
    score       REAL    NOT NULL,
    max_score   REAL    NOT NULL,
    pass        INTEGER NOT NULL CHECK (pass IN (0, 1)),
    finished_ms INTEGER NOT NULL,
    PRIMARY KEY (user, lab)
) STRICT, WITHOUT ROWID;

-- Both windows are over (user, lab), so that a condition on these reads only their submissions.
CREATE VIEW score_derived AS
SELECT user, lab, attempts, submission, verdict, score, max_score, pass, finished_ms
FROM (
    SELECT s.user, s.lab, s.id AS submission, r.verdict, r.score, r.max_score, r.pass,
           r.created_ms AS finished_ms,
           count(*) OVER (PARTITION BY s.user, s.lab) AS attempts,
           row_number() OVER (PARTITION BY s.user, s.lab
                              ORDER BY r.pass DESC, r.score DESC, s.id) AS place
    FROM submission AS s
    JOIN report AS r ON r.submission = s.id
    WHERE s.mode = 'full' AND r.verdict NOT IN ('compile_error', 'cancelled', 'internal_error'))
WHERE place = 1;

INSERT INTO score SELECT * FROM score_derived;
