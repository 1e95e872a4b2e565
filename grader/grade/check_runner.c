/* What a checker asks of the runner besides calls: objects that live in it from one call to the
 * next, files, a fresh process, others beside it. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "grader/grade/check.h"

/* ---- objects ---- */

struct check_handle call_new_handle(const struct call *c, unsigned result)
{
    const struct runner_slot *slot = c->slot;
    return (struct check_handle){
        .id = call_result(c, result), .start = slot->starts, .runner = slot};
}

bool check_alive(const struct check *k, struct check_handle h)
{
    const struct runner_slot *slot = k->slot;
    for (size_t i = 0; i + 1 < CHECK_RUNNERS; i++)
        if (h.runner == &k->others[i])
            slot = &k->others[i];
    return h.start != 0 && h.runner == slot && h.start == slot->starts &&
           runner_alive(&slot->runner);
}

void call_handle(struct call *c, struct check_handle h)
{
    call_i64(c, h.id);
    if (h.start == 0)
        return;
    assert(h.runner == c->slot && "an object of another runner: of the learner's given to par?");
    assert((c->needs == 0 || c->needs == h.start) && "objects of two processes in one call");
    c->needs = h.start;
}

/* ---- files ---- */

static struct check_files *files_of(struct check *k, const struct runner_slot *slot)
{
    return &k->now.files[check_number_of(k, slot)];
}

void check_file(struct check *k, const char *name, const void *bytes, size_t size)
{
    struct check_files *f = files_of(k, k->slot);
    size_t i = 0;
    assert(k->lab->allow.files || k->lab->allow.scratch_bytes > 0);
    while (i < f->count && strcmp(f->list[i].name, name) != 0)
        i++;
    assert(i < CHECK_FILES);
    f->list[i] = (struct cell_file){.name = name, .bytes = bytes, .size = size};
    f->count += i == f->count;
    f->set = ++k->slot->file_sets;
    k->now.n_files++;
}

/* The taken file is a sealed copy: nobody changes it while we read. */
static const void *read_taken(struct check *k, const char *name, int fd, size_t max_bytes,
                              size_t *ret_size)
{
    char path[64], *bytes = NULL;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const enum err_code rc =
        file_read(AT_FDCWD, path, max_bytes, &k->memory, &bytes, ret_size, &k->why);
    close(fd);
    if (rc != OK)
        k->rc = err_wrap(&k->why, rc, "what the program wrote to %s", name);
    return rc == OK ? bytes : NULL;
}

const void *check_take(struct check *k, const char *name, size_t max_bytes, size_t *ret_size)
{
    struct runner *r = &k->slot->runner;
    struct err why = {.code = OK};
    int fd = -1;
    *ret_size = 0;
    assert(k->lab->allow.scratch_bytes > 0 && "lab.json allows no scratch_bytes");
    if (r->cell == NULL)
        return NULL;
    check_spend(k, runner_break_off(r)); /* nothing, where no call is open */
    const enum err_code rc = cell_take(r->cell, name, max_bytes, &fd, &why);
    if (rc == OK)
        return read_taken(k, name, fd, max_bytes, ret_size);
    if (rc != ERR_NOT_FOUND)
        check_fail(k, check_printf(k, "a file %s of at most %zu bytes", name, max_bytes),
                   check_printf(k, "%s", why.text));
    return NULL;
}

/* ---- processes ---- */

size_t check_number_of(const struct check *k, const struct runner_slot *slot)
{
    for (size_t i = 0; i + 1 < CHECK_RUNNERS; i++)
        if (slot == &k->others[i])
            return i + 1;
    return 0;
}

void check_runner(struct check *k, unsigned number)
{
    assert((number == 0 || (int)number < k->lab->allow.runners) && "lab.json allows fewer runners");
    assert((k->slot == k->first || check_number_of(k, k->slot) > 0) && "a race has one runner");
    k->slot = number == 0 ? k->first : &k->others[number - 1];
    if (number > 0 && k->slot->runner.cell == NULL)
        k->slot->config = k->first->config;
}

struct runner_slot *check_main_slot(struct check *k)
{
    return check_number_of(k, k->slot) > 0 ? k->first : k->slot;
}

void check_break_off(struct check *k, struct runner_slot *slot)
{
    if (slot->runner.call.open)
        check_spend(k, runner_break_off(&slot->runner));
}

static void end_process(struct check *k, struct runner_slot *slot)
{
    check_break_off(k, slot);
    runner_slot_close(slot);
}

void check_fresh(struct check *k)
{
    end_process(k, k->slot);
}

/* Others count as the first one's. Returns the most memory that it had. */
static int64_t part_with(struct check *k, struct runner_slot *other)
{
    end_process(k, other);
    const int64_t peak = other->peak_bytes;
    k->first->cpu_us += other->cpu_us;
    *other = (struct runner_slot){.starts = other->starts};
    return peak;
}

/* They live at the same time, so their memory adds. */
static void part_with_others(struct check *k)
{
    struct runner_slot *first = k->first;
    int64_t sum = first->runner.cell != NULL ? cell_peak_bytes(first->runner.cell) : 0;
    for (size_t i = 0; i + 1 < CHECK_RUNNERS; i++)
        sum += part_with(k, &k->others[i]);
    if (sum > first->peak_bytes)
        first->peak_bytes = sum;
}

void check_part_company(struct check *k)
{
    const bool talked = k->now.n_talks > 0;
    for (size_t i = 0; i < k->now.n_talks; i++)
        talk_close(&k->now.talks[i]);
    k->now.n_talks = 0;
    if (k->lab->allow.runners > 1)
        part_with_others(k);
    /* Connections that nobody accepted would be the next case's. */
    if (talked || k->first->runner.call.open)
        end_process(k, k->first);
    k->first->started = NULL; /* it may have been made for one of the others */
}

bool check_settle(struct check *k, const struct call *c)
{
    struct runner_slot *slot = c->slot;
    const struct check_files *f = files_of(k, slot);
    if (slot->file_set != f->set)
        runner_slot_close(slot);
    slot->file_set = f->set;
    slot->config.files = f->list;
    slot->config.n_files = f->count;
    if (c->needs == 0 || (c->needs == slot->starts && runner_alive(&slot->runner)))
        return true;
    check_fail_as(k, VERDICT_RUNTIME_ERROR, "an object that an earlier call made",
                  "it is gone: the program ended since then");
    return false;
}
