/* What a checker asks of the runner besides calls: objects that live in it from one call to the
 * next, files, a fresh process. */
#include <assert.h>
#include <string.h>

#include "grader/grade/check.h"

/* ---- objects ---- */

struct check_handle call_new_handle(const struct call *c, unsigned result)
{
    const struct runner_slot *slot = c->check->slot;
    return (struct check_handle){
        .id = call_result(c, result), .start = slot->starts, .runner = slot};
}

bool check_alive(const struct check *k, struct check_handle h)
{
    return h.start != 0 && h.runner == k->slot && h.start == k->slot->starts &&
           runner_alive(&k->slot->runner);
}

void call_handle(struct call *c, struct check_handle h)
{
    call_i64(c, h.id);
    if (h.start == 0)
        return;
    assert(h.runner == c->check->slot && "an object of the learner's given to par, or the reverse");
    assert((c->needs == 0 || c->needs == h.start) && "objects of two processes in one call");
    c->needs = h.start;
}

/* ---- files and processes ---- */

void check_file(struct check *k, const char *name, const void *bytes, size_t size)
{
    size_t i = 0;
    assert(k->lab->allow.files || k->lab->allow.scratch_bytes > 0);
    while (i < k->now.n_files && strcmp(k->now.files[i].name, name) != 0)
        i++;
    assert(i < CHECK_FILES);
    k->now.files[i] = (struct cell_file){.name = name, .bytes = bytes, .size = size};
    k->now.n_files += i == k->now.n_files;
    k->now.file_set = ++k->slot->file_sets;
}

void check_fresh(struct check *k)
{
    runner_slot_close(k->slot);
}

bool check_settle(struct check *k, const struct call *c)
{
    struct runner_slot *slot = k->slot;
    if (slot->file_set != k->now.file_set)
        runner_slot_close(slot);
    slot->file_set = k->now.file_set;
    slot->config.files = k->now.files;
    slot->config.n_files = k->now.n_files;
    if (c->needs == 0 || (c->needs == slot->starts && runner_alive(&slot->runner)))
        return true;
    check_fail_as(k, VERDICT_RUNTIME_ERROR, "an object that an earlier call made",
                  "it is gone: the program ended since then");
    return false;
}
