#include "grader/grade/findings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KIND_MAX = 80,
    FUNCTION_MAX = 80,
    DETAIL_MAX = REPORT_MESSAGE_MAX - KIND_MAX - 2,
    FRAMES_READ = 256
};

static const char ADDRESS_MARK[] = "ERROR: AddressSanitizer: ";
static const char BEHAVIOUR_MARK[] = "runtime error: ";

static const struct {
    const char *kind, *mark;
} kinds[] = {
#define FINDING(kind, mark, meaning) {kind, mark},
#include "grader/report/finding.def"
#undef FINDING
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* The report as it is read, line by line. */
struct reading {
    const struct submission *submission;
    struct arena *arena;
    struct report_finding finding;
    struct finding_access access;
    struct report_frame frames[REPORT_FRAMES];
    size_t n_frames;
    long next_frame; /* its number; a second stack begins at 0 again */
    bool detailed;   /* once: a learner can print such lines without end */
};

static size_t at_most(size_t length, size_t max)
{
    return length < max ? length : max;
}

struct place {
    const char *file;
    int line, column;
};

/* The place "gguf.c:57:13" or "/box/gguf.c:57" somewhere in `text`, if the submission has it. */
static bool place_in(const struct submission *s, const char *text, struct place *ret)
{
    for (size_t i = 0; i < s->n_files; i++) {
        const char *name = s->files[i].name;
        const char *at = strstr(text, name);
        if (at == NULL || at[strlen(name)] != ':')
            continue;
        char *end;
        const long line = strtol(at + strlen(name) + 1, &end, 10);
        if (line <= 0 || line > submission_lines(s, name))
            continue;
        const long column = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
        *ret = (struct place){name, (int)line, column > 0 && column < 10000 ? (int)column : 0};
        return true;
    }
    return false;
}

static void trim(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\r'))
        text[--n] = '\0';
}

/* ---- the first line ---- */

/* "==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x... at pc ..." */
static bool address_error(struct reading *r, const char *line)
{
    const char *at = strstr(line, ADDRESS_MARK);
    if (at == NULL)
        return false;
    at += strlen(ADDRESS_MARK);
    for (int i = 0; i < N_KINDS && r->finding.kind == NULL; i++)
        if (kinds[i].mark != NULL && strncmp(at, kinds[i].mark, strlen(kinds[i].mark)) == 0)
            r->finding.kind = kinds[i].kind;
    if (r->finding.kind == NULL)
        r->finding.kind = arena_strndup(r->arena, at, at_most(strcspn(at, " "), KIND_MAX));
    const char *cut = strstr(at, " on address");
    if (cut == NULL)
        cut = strstr(at, " on unknown address");
    const size_t message = cut != NULL ? (size_t)(cut - at) : strlen(at);
    r->finding.message = arena_strndup(r->arena, at, at_most(message, DETAIL_MAX));
    const char *address = strstr(at, " address 0x");
    if (address != NULL) {
        r->access.has_address = true;
        r->access.address = strtoull(address + strlen(" address "), NULL, 16);
    }
    return true;
}

/* "gguf.c:57:13: runtime error: load of misaligned address ..." */
static bool behaviour_error(struct reading *r, const char *line)
{
    const char *at = strstr(line, BEHAVIOUR_MARK);
    if (at == NULL)
        return false;
    at += strlen(BEHAVIOUR_MARK);
    r->finding.kind = "undefined-behavior";
    for (int i = N_KINDS - 1; i >= 0; i--)
        if (kinds[i].mark != NULL && strstr(at, kinds[i].mark) != NULL)
            r->finding.kind = kinds[i].kind;
    r->finding.message = arena_strndup(r->arena, at, at_most(strlen(at), DETAIL_MAX));
    struct place p;
    if (place_in(r->submission, line, &p)) {
        r->finding.file = p.file;
        r->finding.line = p.line;
        r->finding.column = p.column;
    }
    return true;
}

/* ---- what follows it ---- */

/* "READ of size 4 at 0x... thread T0" tells the direction and the size. */
static void access_detail(struct reading *r, const char *line)
{
    const bool reads = strncmp(line, "READ of size", 12) == 0;
    const bool writes = strncmp(line, "WRITE of size", 13) == 0;
    const char *at = strstr(line, " at 0x");
    if (r->detailed || (!reads && !writes) || at == NULL)
        return;
    r->detailed = true;
    r->access.reads = reads;
    r->access.writes = writes;
    const size_t length = at_most((size_t)(at - line), KIND_MAX);
    r->finding.message = arena_printf(r->arena, "%s: %.*s", r->finding.message, (int)length, line);
}

/* "==1==The signal is caused by a READ memory access." */
static void signal_detail(struct reading *r, const char *line)
{
    if (strstr(line, "The signal is caused by a READ") != NULL)
        r->access.reads = true;
    else if (strstr(line, "The signal is caused by a WRITE") != NULL)
        r->access.writes = true;
}

/* The name behind " in ", if it could be one of C. */
static const char *function_in(struct reading *r, const char *line)
{
    const char *at = strstr(line, " in ");
    size_t length = 0;
    if (at != NULL)
        for (at += 4; isalnum((unsigned char)at[length]) || at[length] == '_';)
            length++;
    if (length == 0 || length > FUNCTION_MAX)
        return "?";
    return arena_strndup(r->arena, at, length);
}

/* "    #1 0x40 in gg_open /box/gguf.c:57". False: the stack is over. */
static bool frame(struct reading *r, const char *line)
{
    if (strncmp(line, "    #", 5) != 0)
        return r->next_frame == 0;
    if (r->next_frame >= FRAMES_READ || strtol(line + 5, NULL, 10) != r->next_frame)
        return false;
    r->next_frame++;
    struct place p;
    if (r->n_frames < REPORT_FRAMES && place_in(r->submission, line, &p))
        r->frames[r->n_frames++] =
            (struct report_frame){.function = function_in(r, line), .file = p.file, .line = p.line};
    return true;
}

/* False: nothing of interest follows. */
static bool take_line(struct reading *r, const char *line)
{
    if (r->finding.kind == NULL) {
        if (!address_error(r, line))
            behaviour_error(r, line);
        return true;
    }
    access_detail(r, line);
    signal_detail(r, line);
    return frame(r, line);
}

static void take_stack(struct reading *r)
{
    struct report_finding *f = &r->finding;
    if (r->n_frames == 0)
        return;
    struct report_frame *stack = arena_array(r->arena, r->n_frames, sizeof *stack);
    memcpy(stack, r->frames, r->n_frames * sizeof *stack);
    f->stack = stack;
    f->n_stack = r->n_frames;
    if (f->file != NULL)
        return;
    f->file = stack[0].file;
    f->line = stack[0].line;
}

struct report_finding finding_read(const struct submission *s, const char *text, size_t size,
                                   struct arena *a, struct finding_access *ret_access)
{
    struct reading r = {.submission = s, .arena = a};
    bool more = true;
    for (size_t at = 0; more && at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        char *line = arena_strndup(a, text + at, length);
        at += length + 1;
        trim(line);
        more = take_line(&r, line);
    }
    take_stack(&r);
    if (r.finding.kind == NULL) {
        r.finding.kind = "crash";
        r.finding.message = "the sanitizer build ended during a call";
    }
    *ret_access = r.access;
    return r.finding;
}
