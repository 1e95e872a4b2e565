/* Links: symbols of ELF files (System V ABI, 64 bit) and of archives (ar.h). A library that is
 * linked shows as the names it was linked for. */
#include <ar.h>
#include <elf.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/parse.h"
#include "tools/house.h"

enum { BINARY_MAX = 256 << 20 };

struct image {
    const unsigned char *bytes;
    size_t size;
};

/* `count` things of `size` bytes at `offset`, or NULL where they are not all in the image. */
static const unsigned char *part(struct image image, uint64_t offset, uint64_t count, uint64_t size)
{
    if (size == 0 || count > image.size / size || offset > image.size - count * size)
        return NULL;
    return image.bytes + offset;
}

static enum err_code visit_table(struct image image, const Elf64_Shdr *table,
                                 const Elf64_Shdr *names, bool all, house_visit_fn *visit,
                                 void *context, struct err *why)
{
    const size_t count = table->sh_size / sizeof(Elf64_Sym);
    const unsigned char *symbols = part(image, table->sh_offset, count, sizeof(Elf64_Sym));
    const char *text = (const char *)part(image, names->sh_offset, names->sh_size, 1);
    if (symbols == NULL || text == NULL || names->sh_size == 0 || text[names->sh_size - 1] != '\0')
        return err_set(why, ERR_FORMAT, "a symbol table leaves the file");
    for (size_t i = 1; i < count; i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols + i * sizeof symbol, sizeof symbol);
        if (symbol.st_name < names->sh_size && (all || symbol.st_shndx == SHN_UNDEF))
            visit(context, text + symbol.st_name);
    }
    return OK;
}

static enum err_code visit_elf(struct image image, bool all, house_visit_fn *visit, void *context,
                               struct err *why)
{
    Elf64_Ehdr head;
    if (image.size < sizeof head || memcmp(image.bytes, ELFMAG, SELFMAG) != 0 ||
        image.bytes[EI_CLASS] != ELFCLASS64)
        return err_set(why, ERR_FORMAT, "no ELF file of 64 bits");
    memcpy(&head, image.bytes, sizeof head);
    const unsigned char *sections = part(image, head.e_shoff, head.e_shnum, sizeof(Elf64_Shdr));
    if (sections == NULL || head.e_shnum == 0)
        return err_set(why, ERR_FORMAT, "an ELF file without sections");
    enum err_code rc = OK;
    for (unsigned i = 0; i < head.e_shnum && rc == OK; i++) {
        Elf64_Shdr table, names;
        memcpy(&table, sections + i * sizeof table, sizeof table);
        if ((table.sh_type != SHT_SYMTAB && table.sh_type != SHT_DYNSYM) ||
            table.sh_link >= head.e_shnum)
            continue;
        memcpy(&names, sections + table.sh_link * sizeof names, sizeof names);
        rc = visit_table(image, &table, &names, all, visit, context, why);
    }
    return rc;
}

/* ar_size: decimal, filled up with blanks. */
static enum err_code member_size(const struct ar_hdr *head, size_t *ret, struct err *why)
{
    char text[sizeof head->ar_size + 1] = "";
    memcpy(text, head->ar_size, sizeof head->ar_size);
    text[strcspn(text, " ")] = '\0';
    uint64_t size;
    const enum err_code rc = parse_u64(text, "the size of a member", 0, BINARY_MAX, &size, why);
    if (rc == OK)
        *ret = (size_t)size;
    return rc;
}

/* "/" is the archive's own table of symbols, "//" its long names; "/12" is a member with one. */
static bool is_index(const struct ar_hdr *head)
{
    return head->ar_name[0] == '/' && (head->ar_name[1] == ' ' || head->ar_name[1] == '/');
}

static enum err_code visit_archive(struct image image, bool all, house_visit_fn *visit,
                                   void *context, struct err *why)
{
    enum err_code rc = OK;
    for (size_t at = SARMAG; rc == OK && image.size - at >= sizeof(struct ar_hdr);) {
        struct ar_hdr head;
        size_t size = 0;
        memcpy(&head, image.bytes + at, sizeof head);
        at += sizeof head;
        if ((rc = member_size(&head, &size, why)) != OK)
            return rc;
        if (size > image.size - at)
            return err_set(why, ERR_FORMAT, "a member leaves the archive");
        if (!is_index(&head))
            rc = visit_elf((struct image){image.bytes + at, size}, all, visit, context, why);
        at += size + (size & 1);
        at = at < image.size ? at : image.size;
    }
    return rc;
}

enum err_code house_symbols(const unsigned char *bytes, size_t size, bool all,
                            house_visit_fn *visit, void *context, struct err *why)
{
    const struct image image = {bytes, size};
    if (size >= SARMAG && memcmp(bytes, ARMAG, SARMAG) == 0)
        return visit_archive(image, all, visit, context, why);
    return visit_elf(image, all, visit, context, why);
}

/* What a file must not hold: whole names, or beginnings where they end in '*'. */
static const char *const not_in_graded[] = {"seccomp_*",  "ref_*",    "cell_open", "lab_module",
                                            "check_case", "call_run", NULL};
static const char *const not_in_grade[] = {"sqlite3_*", "MHD_*", "curl_*", "store_*", NULL};
/* reference/ allocates nothing, asks nothing of the system and has no state of its own. */
static const char *const not_in_reference[] = {
    "malloc",  "calloc",    "realloc", "aligned_alloc", "posix_memalign", "free",
    "strdup",  "mmap",      "open*",   "fopen*",        "fdopen*",        "read",
    "write",   "pread*",    "pwrite*", "printf",        "fprintf",        "puts",
    "putchar", "fwrite",    "fputs",   "system",        "fork",           "exec*",
    "exit",    "abort",     "time",    "clock*",        "getenv",         "rand*",
    "srand*",  "pthread_*", NULL};

struct search {
    const char *path;
    const char *const *forbidden;
    struct house_findings *findings;
};

static bool matches(const char *name, const char *pattern)
{
    const size_t length = strlen(pattern);
    return pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0
                                      : strcmp(name, pattern) == 0;
}

static void visit_name(void *context, const char *name)
{
    const struct search *s = context;
    for (size_t i = 0; s->forbidden[i] != NULL; i++)
        if (matches(name, s->forbidden[i]))
            house_say(s->findings, "%s: must not hold or want %s", s->path, name);
}

static const char *const *const forbidden[] = {
    [HOUSE_GRADED] = not_in_graded,
    [HOUSE_GRADE] = not_in_grade,
    [HOUSE_REFERENCE] = not_in_reference,
};

enum err_code house_check_binary(const char *path, enum house_binary kind, struct house_findings *f,
                                 struct err *why)
{
    struct arena a;
    char *bytes;
    size_t size;
    struct search search = {path, forbidden[kind], f};
    arena_init(&a, BINARY_MAX + 4096);
    enum err_code rc = file_read(AT_FDCWD, path, BINARY_MAX, &a, &bytes, &size, why);
    if (rc == OK)
        rc = house_symbols((const unsigned char *)bytes, size, kind != HOUSE_REFERENCE, visit_name,
                           &search, why);
    arena_done(&a);
    return rc == OK ? OK : err_wrap(why, rc, "%s", path);
}

/* reference/model/train is a program with threads, files and memory of its own; nothing links it
 * but that program and its test. */
static bool is_a_program(const FTSENT *e)
{
    return e->fts_info == FTS_D && strcmp(e->fts_name, "train") == 0;
}

static bool is_archive(const char *name)
{
    const size_t length = strlen(name);
    return length > 2 && strcmp(name + length - 2, ".a") == 0;
}

static enum err_code check_reference(const char *build, struct house_findings *f, struct err *why)
{
    char root[4096];
    snprintf(root, sizeof root, "%s/reference", build);
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL)
        return err_set(why, ERR_IO, "%s cannot be walked", root);
    enum err_code rc = OK;
    int archives = 0;
    for (FTSENT *e; rc == OK && (e = fts_read(tree)) != NULL;)
        if (is_a_program(e)) {
            fts_set(tree, e, FTS_SKIP);
        } else if (e->fts_info == FTS_F && is_archive(e->fts_name)) {
            rc = house_check_binary(e->fts_path, HOUSE_REFERENCE, f, why);
            archives++;
        }
    fts_close(tree);
    if (rc == OK && archives == 0)
        rc = err_set(why, ERR_NOT_FOUND, "%s holds no library", root);
    return rc;
}

enum err_code house_check_links(const char *build, struct house_findings *f, struct err *why)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/bin/graded", build);
    enum err_code rc = house_check_binary(path, HOUSE_GRADED, f, why);
    if (rc != OK)
        return rc;
    snprintf(path, sizeof path, "%s/bin/grade", build);
    if ((rc = house_check_binary(path, HOUSE_GRADE, f, why)) != OK)
        return rc;
    return check_reference(build, f, why);
}
