#include "driver.h"

#include "lab.h"
#include "ops.h"

/* Decides by the call's inputs alone, and writes down what it was told. */
struct listener {
    struct lab_log log;
    int64_t calls, stop_after;
};

static int on_word(void *user, const char *word, size_t n)
{
    struct listener *l = user;
    lab_log_add(&l->log, LOG_WORD, word, n);
    return ++l->calls == l->stop_after;
}

static void op_words(struct lab_call *c)
{
    struct listener l = {.log = lab_log_open(c, 1), .stop_after = lab_i64(c, 2)};
    lab_return(c, 0, (int64_t)words(lab_in(c, 0), lab_size(c, 0), on_word, &l));
}

const struct lab_op lab_ops[] = {[OP_WORDS] = {"words", op_words}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
