#include "server/store/score.h"

#include "server/store/inside.h"

#define SCORE_COLUMNS                                                                              \
    "score.user, user.login, score.lab, score.attempts, score.submission, score.verdict,"          \
    " score.score, score.max_score, score.pass, score.finished_ms"

static void score_from_row(struct rows *rows, struct arena *a, struct score *ret)
{
    row_copy(rows, 0, ret->user, ID_LENGTH);
    ret->login = row_text(rows, 1, a);
    ret->lab = row_text(rows, 2, a);
    ret->attempts = row_int(rows, 3);
    row_copy(rows, 4, ret->submission, ID_LENGTH);
    ret->verdict = row_text(rows, 5, a);
    ret->score = row_real(rows, 6);
    ret->max_score = row_real(rows, 7);
    ret->pass = row_int(rows, 8) != 0;
    ret->finished_ms = row_int(rows, 9);
}

static enum err_code list_scores(struct store *s, const char *sql, const char *key, struct arena *a,
                                 struct score **ret, size_t *ret_count, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct list list = {0};
    enum err_code rc = db_query(db, sql, PARAMS(TEXT(key)), &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct score *score = list_add(&list, sizeof *score, a, &rows);
        if (score == NULL)
            break;
        score_from_row(&rows, a, score);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret = list.items;
    *ret_count = list.count;
    return OK;
}

enum err_code score_of_user(struct store *s, const char *user, struct arena *a, struct score **ret,
                            size_t *ret_count, struct err *why)
{
    return list_scores(s,
                       "SELECT " SCORE_COLUMNS " FROM score JOIN user ON user.id = score.user"
                       " WHERE score.user = ? ORDER BY score.lab",
                       user, a, ret, ret_count, why);
}

enum err_code score_of_cohort(struct store *s, const char *cohort, struct arena *a,
                              struct score **ret, size_t *ret_count, struct err *why)
{
    return list_scores(s,
                       "SELECT " SCORE_COLUMNS " FROM member"
                       " JOIN score ON score.user = member.user"
                       " JOIN user ON user.id = member.user"
                       " WHERE member.cohort = ? AND member.role = 'learner'"
                       " ORDER BY score.user, score.lab",
                       cohort, a, ret, ret_count, why);
}

enum err_code score_get(struct store *s, const char *user, const char *lab, struct arena *a,
                        struct score *ret, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct score score = {0};
    enum err_code rc =
        db_query(db,
                 "SELECT " SCORE_COLUMNS " FROM score JOIN user ON user.id = score.user"
                 " WHERE score.user = ? AND score.lab = ?",
                 PARAMS(TEXT(user), TEXT(lab)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        score_from_row(&rows, a, &score);
    rc = rows_end_one(&rows, rc, "result for lab", lab, why);
    store_reader_done(s, db);
    if (rc == OK)
        *ret = score;
    return rc;
}
