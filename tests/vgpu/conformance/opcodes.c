/* How many instructions of PTX the conformance set is about: opcodes with modifiers and types,
 * counted once each in the PTX that nvcc left in the programs. Every kernel of them is launched;
 * that each instruction was reached is not counted.
 *
 *     opcodes [--list] [--least N] PROGRAM...
 *
 * Fails below N. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/parse.h"
#include "grader/vgpu/ptx/ptx.h"

enum { NAMES_MAX = 8192, NAME_MAX_BYTES = 96, FILE_MAX = 256 << 20 };
static const size_t MEMORY = (size_t)1 << 30;

struct names {
    char (*list)[NAME_MAX_BYTES];
    size_t n;
    bool families[PTX_OPS];
};

static void take(struct names *names, const struct ptx_instr *i)
{
    char name[NAME_MAX_BYTES];
    ptx_instr_name(i, name, sizeof name);
    names->families[i->op] = true;
    for (size_t k = 0; k < names->n; k++)
        if (strcmp(names->list[k], name) == 0)
            return;
    if (names->n < NAMES_MAX)
        memcpy(names->list[names->n++], name, sizeof name);
}

static void take_module(struct names *names, const struct ptx_module *m)
{
    for (size_t f = 0; f < m->n_funcs; f++)
        for (size_t i = 0; i < m->funcs[f].n_instrs; i++)
            take(names, &m->funcs[f].instrs[i]);
}

/* A module is text in the middle of a program, from ".version" to a NUL. */
static enum err_code take_program(struct names *names, const char *path, struct arena *a,
                                  struct err *why)
{
    static const char begin[] = "\n.version ";
    char *bytes;
    size_t size;
    enum err_code rc = file_read(AT_FDCWD, path, FILE_MAX, a, &bytes, &size, why);
    if (rc != OK)
        return rc;
    const char *at = bytes, *end = at + size;
    size_t modules = 0;
    while ((at = memmem(at, (size_t)(end - at), begin, sizeof begin - 1))) {
        struct ptx_module module;
        const size_t length = strnlen(at, (size_t)(end - at));
        if ((rc = ptx_parse(at, length, a, &module, why)) != OK)
            return err_wrap(why, rc, "%s", path);
        take_module(names, &module);
        at += length;
        modules++;
    }
    return modules ? OK : err_set(why, ERR_FORMAT, "%s holds no PTX", path);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void print(struct names *names)
{
    qsort(names->list, names->n, NAME_MAX_BYTES, by_text);
    for (size_t i = 0; i < names->n; i++)
        puts(names->list[i]);
}

int main(int argc, char **argv)
{
    struct arena arena;
    struct err why;
    struct names names = {.n = 0};
    bool list = false;
    uint64_t least = 0;
    arena_init(&arena, MEMORY);
    names.list = arena_array(&arena, NAMES_MAX, NAME_MAX_BYTES);
    int status = names.list ? EXIT_SUCCESS : EXIT_FAILURE;
    for (int i = 1; i < argc && status == EXIT_SUCCESS; i++)
        if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[i], "--least") == 0 && i + 1 < argc) {
            if (parse_u64(argv[++i], "--least", 0, NAMES_MAX, &least, &why) != OK)
                status = EXIT_FAILURE;
        } else if (take_program(&names, argv[i], &arena, &why) != OK) {
            fprintf(stderr, "opcodes: %s\n", why.text);
            status = EXIT_FAILURE;
        }
    size_t families = 0;
    for (size_t k = 0; k < PTX_OPS; k++)
        families += names.families[k];
    if (list)
        print(&names);
    printf("%zu instructions with modifiers and types, of %zu opcodes\n", names.n, families);
    arena_done(&arena);
    return names.n < least ? EXIT_FAILURE : status;
}
