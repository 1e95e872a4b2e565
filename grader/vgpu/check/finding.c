#include "grader/vgpu/check/finding.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *check_kind_word(enum check_kind k)
{
    static const char *const words[] = {
#define KIND(name, word, text) word,
#include "grader/vgpu/check/kind.def"
#undef KIND
    };
    return words[k];
}

const char *check_kind_text(enum check_kind k)
{
    static const char *const texts[] = {
#define KIND(name, word, text) text,
#include "grader/vgpu/check/kind.def"
#undef KIND
    };
    return texts[k];
}

enum err_code check_log_init(struct check_log *l, struct err *why)
{
    *l = (struct check_log){.all = calloc(CHECK_FINDINGS, sizeof(*l->all))};
    return l->all ? OK : err_set(why, ERR_NOMEM, "no memory for findings");
}

void check_log_done(struct check_log *l)
{
    free(l->all);
    *l = (struct check_log){0};
}

static bool same_line(const struct check_place *a, const struct check_place *b)
{
    return a->known == b->known && a->line == b->line && strcmp(a->file, b->file) == 0 &&
           strcmp(a->kernel, b->kernel) == 0 && (a->line || strcmp(a->instr, b->instr) == 0);
}

size_t check_log_add(struct check_log *l, const struct check_finding *f)
{
    for (size_t i = 0; i < l->n; i++) {
        struct check_finding *old = &l->all[i];
        const bool as_it_is = same_line(&old->here, &f->here) && same_line(&old->there, &f->there);
        const bool turned = same_line(&old->here, &f->there) && same_line(&old->there, &f->here);
        if (old->kind == f->kind && (as_it_is || turned)) {
            old->count++;
            return i;
        }
    }
    if (l->n == CHECK_FINDINGS) {
        l->beyond++;
        return CHECK_FINDINGS;
    }
    l->all[l->n] = *f;
    l->all[l->n].count = 1;
    return l->n++;
}

size_t check_log_errors(const struct check_log *l)
{
    size_t n = l->beyond;
    for (size_t i = 0; i < l->n; i++)
        n += l->all[i].kind != CHECK_LEAK; /* the end of the program frees it */
    return n;
}

struct check_place check_place_at(const struct vg_launch *l, uint64_t number, uint32_t thread,
                                  uint32_t pc)
{
    struct check_place p = {.known = true};
    const struct ptx_instr *i = vg_program_instr(l->program, pc, NULL);
    const char *file = NULL;
    snprintf(p.kernel, sizeof(p.kernel), "%s", vg_kernel_info(l->kernel)->name);
    if (i)
        ptx_instr_name(i, p.instr, sizeof(p.instr));
    if (i && ptx_source(vg_program_module(l->program), i, &file, &p.line))
        snprintf(p.file, sizeof(p.file), "%s", file);
    p.block[0] = (uint32_t)(number % l->grid[0]);
    p.block[1] = (uint32_t)(number / l->grid[0] % l->grid[1]);
    p.block[2] = (uint32_t)(number / l->grid[0] / l->grid[1]);
    p.thread[0] = thread % l->block[0];
    p.thread[1] = thread / l->block[0] % l->block[1];
    p.thread[2] = thread / l->block[0] / l->block[1];
    return p;
}

/* ---- telling ---- */

static void tell_place(FILE *to, const char *lead, const struct check_place *p)
{
    if (!p->known)
        return;
    fprintf(to, "  %s %s", lead, p->kernel);
    if (p->line)
        fprintf(to, " at %s:%u", p->file, p->line);
    if (p->instr[0])
        fprintf(to, " (%s), block (%u, %u, %u) thread (%u, %u, %u)", p->instr, p->block[0],
                p->block[1], p->block[2], p->thread[0], p->thread[1], p->thread[2]);
    fprintf(to, "\n");
}

void check_log_text(const struct check_log *l, FILE *to)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct check_finding *f = &l->all[i];
        fprintf(to, "%s: %s", check_kind_word(f->kind), check_kind_text(f->kind));
        if (f->what[0])
            fprintf(to, ", %s", f->what);
        if (f->count > 1)
            fprintf(to, ", %llu times", (unsigned long long)f->count);
        fprintf(to, "\n");
        tell_place(to, "here: ", &f->here);
        tell_place(to, "there:", &f->there);
        if (f->hint)
            fprintf(to, "  hint:  %s\n", f->hint);
    }
    if (l->beyond)
        fprintf(to, "and %llu more at other places\n", (unsigned long long)l->beyond);
}

static json_t *json_place(const struct check_place *p)
{
    if (!p->known)
        return json_null();
    return json_pack("{ss ss si ss s[iii] s[iii]}", "kernel", p->kernel, "file", p->file, "line",
                     (int)p->line, "instruction", p->instr, "block", (int)p->block[0],
                     (int)p->block[1], (int)p->block[2], "thread", (int)p->thread[0],
                     (int)p->thread[1], (int)p->thread[2]);
}

void check_log_json(const struct check_log *l, FILE *to)
{
    json_t *all = json_array();
    for (size_t i = 0; i < l->n; i++) {
        const struct check_finding *f = &l->all[i];
        json_array_append_new(all,
                              json_pack("{ss ss ss sI so so ss}", "kind", check_kind_word(f->kind),
                                        "text", check_kind_text(f->kind), "what", f->what, "count",
                                        (json_int_t)f->count, "here", json_place(&f->here), "there",
                                        json_place(&f->there), "hint", f->hint ? f->hint : ""));
    }
    json_t *top = json_pack("{so sI}", "findings", all, "beyond", (json_int_t)l->beyond);
    json_dumpf(top, to, JSON_INDENT(2));
    fprintf(to, "\n");
    json_decref(top);
}
