/* What a proof tells beside: lines that no case runs, and mistakes made by machine that no case
 * catches. Neither breaks a proof: a line may be there for cases that cannot be made, and a mutant
 * may mean the same as the solution. */
#include <string.h>
#include <time.h>

#include "grader/grade/build.h"
#include "grader/grade/coverage.h"
#include "grader/grade/mutate.h"
#include "grader/grade/probe.h"
#include "grader/grade/prove_inside.h"
#include "grader/grade/watch.h"

enum { SCRATCH_BYTES = 256 << 20 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- coverage ---- */

/* The lines that did not run, neighbours as one: "formats.c:12-14". */
static void tell_missed(const struct proof *p, const struct coverage *c, json_t *list)
{
    for (size_t i = 0, next; i < c->n_missed; i = next) {
        const struct coverage_line *first = &c->missed[i], *last = first;
        for (next = i + 1; next < c->n_missed && c->missed[next].file == first->file &&
                           c->missed[next].line == last->line + 1;
             next++)
            last = &c->missed[next];
        const char *text = first == last ? arena_printf(p->arena, "%s:%d", first->file, first->line)
                                         : arena_printf(p->arena, "%s:%d-%d", first->file,
                                                        first->line, last->line);
        prove_say(p, "      solution/%s\n", text);
        json_array_append_new(list, json_string(text));
    }
}

enum err_code prove_coverage(struct proof *p, const struct submission *solution, struct err *why)
{
    struct coverage c;
    if (!p->options->coverage)
        return OK;
    prove_doing(p, "coverage of the solution");
    watch_start(p->options->checker_s);
    const enum err_code rc =
        coverage_measure(p->lab, solution, p->options->core, p->arena, &c, why);
    if (rc == ERR_UNSUPPORTED) {
        prove_say(p, "  coverage                     not measured: %s\n", why->text);
        return OK;
    }
    if (rc != OK)
        return rc;
    json_t *missed = json_array();
    prove_say(p, "  coverage                     %5.1f  %% of lines; %zu of %zu never run%s\n",
              c.lines > 0 ? 100.0 * (double)c.covered / (double)c.lines : 100.0, c.n_missed,
              c.lines, c.n_missed > 0 ? ":" : "");
    tell_missed(p, &c, missed);
    json_object_set_new(p->told, "coverage",
                        json_pack("{s:I, s:I, s:o}", "lines", (json_int_t)c.lines, "covered",
                                  (json_int_t)c.covered, "missed", missed));
    return OK;
}

/* ---- mutants made by machine ---- */

enum fate { KILLED, SURVIVED, NOT_COMPILING, SAME_PROGRAM, N_FATES };

struct hunt {
    struct proof *p;
    const struct submission *solution;
    struct compile_cache cache;
    const struct mutant *mutants[LAB_FILES];
    size_t n_mutants[LAB_FILES], n; /* of each file; of all */
    size_t count[N_FATES], tried;
    json_t *survivors;
};

static enum err_code list_all(struct hunt *h, struct err *why)
{
    for (size_t i = 0; i < h->solution->n_files; i++) {
        const struct source *f = &h->solution->files[i];
        const enum err_code rc =
            mutate_list(f->bytes, f->size, h->p->arena, &h->mutants[i], &h->n_mutants[i], why);
        if (rc != OK)
            return rc;
        h->n += h->n_mutants[i];
    }
    return OK;
}

/* The mutant with this number over all files; *ret_file is whose. */
static const struct mutant *mutant_at(const struct hunt *h, size_t number, size_t *ret_file)
{
    size_t file = 0;
    while (number >= h->n_mutants[file])
        number -= h->n_mutants[file++];
    *ret_file = file;
    return &h->mutants[file][number];
}

/* Equal programs are no mutants: the compiler has seen that both mean the same. (Papadakis, Jia,
 * Harman, Le Traon, "Trivial compiler equivalence", ICSE 2015.) */
static enum err_code judge_image(const struct hunt *h, int image_fd, struct arena *a,
                                 enum fate *ret, struct err *why)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    struct probe probe;
    enum err_code rc = prove_digest(image_fd, digest, why);
    if (rc != OK)
        return rc;
    if (memcmp(digest, h->p->solution, sizeof digest) == 0) {
        *ret = SAME_PROGRAM;
        return OK;
    }
    watch_start(h->p->options->checker_s);
    const struct probe_options options = {.seed = 1, .core = h->p->options->core};
    rc = probe_run(h->p->lab, image_fd, &options, a, &probe, why);
    if (rc == OK)
        *ret = probe.failed ? KILLED : SURVIVED;
    return rc;
}

static enum err_code judge(struct hunt *h, const struct submission *s, struct arena *a,
                           enum fate *ret, struct err *why)
{
    struct build b;
    struct report_compile said;
    enum err_code rc = build_start(&b, h->p->lab, s, BUILD_PLAIN, &h->cache, a, why);
    if (rc != OK)
        return rc;
    rc = build_finish(&b, NULL, a, &said, why);
    if (rc == OK && said.verdict != VERDICT_ACCEPTED)
        *ret = NOT_COMPILING;
    else if (rc == OK)
        rc = judge_image(h, b.image_fd, a, ret, why);
    build_close(&b);
    return rc;
}

static void tell_survivor(struct hunt *h, const struct source *f, const struct mutant *m)
{
    const char *text = mutate_text(f->bytes, f->size, m, h->p->arena);
    prove_say(h->p, "      solution/%s:%d: %s\n", f->name, m->line, text);
    json_array_append_new(h->survivors, json_pack("{s:s, s:i, s:s}", "file", f->name, "line",
                                                  m->line, "change", text));
}

static enum err_code try_one(struct hunt *h, size_t number, struct arena *a, struct err *why)
{
    size_t file = 0;
    enum fate fate = KILLED;
    const struct mutant *m = mutant_at(h, number, &file);
    const struct source *f = &h->solution->files[file];
    struct submission changed = *h->solution;
    struct source *c = &changed.files[file];
    prove_doing(h->p, "the automatic mutant %s:%d: %.120s", f->name, m->line,
                mutate_text(f->bytes, f->size, m, a));
    c->bytes = mutate_apply(f->bytes, f->size, m, a, &c->size);
    if (c->bytes == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a mutant");
    const enum err_code rc = judge(h, &changed, a, &fate, why);
    if (rc != OK)
        return err_wrap(why, rc, "mutant %s:%d", f->name, m->line);
    h->tried++;
    h->count[fate]++;
    if (fate == SURVIVED)
        tell_survivor(h, f, m);
    return OK;
}

static void tell_hunt(struct hunt *h)
{
    const size_t living = h->count[KILLED] + h->count[SURVIVED];
    prove_say(h->p,
              "  automatic mutants            %zu of %zu tried: %zu caught, %zu survived (above), "
              "%zu are the same program, %zu do not compile; %.0f %% caught\n",
              h->tried, h->n, h->count[KILLED], h->count[SURVIVED], h->count[SAME_PROGRAM],
              h->count[NOT_COMPILING],
              living > 0 ? 100.0 * (double)h->count[KILLED] / (double)living : 100.0);
    json_object_set_new(h->p->told, "automatic_mutants",
                        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "possible",
                                  (json_int_t)h->n, "tried", (json_int_t)h->tried, "caught",
                                  (json_int_t)h->count[KILLED], "survived",
                                  (json_int_t)h->count[SURVIVED], "same_program",
                                  (json_int_t)h->count[SAME_PROGRAM], "not_compiling",
                                  (json_int_t)h->count[NOT_COMPILING], "survivors", h->survivors));
}

static enum err_code try_sample(struct hunt *h, struct err *why)
{
    size_t *numbers = arena_array(h->p->arena, h->n + 1, sizeof *numbers);
    if (numbers == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a choice of %zu", h->n);
    const size_t n = mutate_sample(h->n, h->p->options->mutants, numbers);
    const int64_t end = now_ms() + h->p->options->budget_ms;
    struct arena scratch;
    enum err_code rc = OK;
    arena_init(&scratch, SCRATCH_BYTES);
    for (size_t i = 0; rc == OK && i < n && now_ms() < end; i++) {
        rc = try_one(h, numbers[i], &scratch, why);
        arena_reset(&scratch);
    }
    arena_done(&scratch);
    return rc;
}

enum err_code prove_automatic(struct proof *p, const struct submission *solution, struct err *why)
{
    if (p->options->mutants == 0)
        return OK;
    struct hunt *h = arena_alloc(p->arena, sizeof *h);
    if (h == NULL)
        return err_set(why, ERR_NOMEM, "no memory for mutants");
    *h = (struct hunt){.p = p, .solution = solution, .survivors = json_array()};
    enum err_code rc = list_all(h, why);
    compile_cache_open(&h->cache, p->options->cache_dir, COMPILE_CACHE_BYTES);
    if (rc == OK)
        rc = try_sample(h, why);
    compile_cache_close(&h->cache);
    if (rc == OK)
        tell_hunt(h);
    else
        json_decref(h->survivors);
    return rc;
}
