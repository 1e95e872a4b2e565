#include "grader/grade/coverage.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "grader/grade/build.h"
#include "grader/grade/config.h"
#include "grader/grade/probe.h"

enum { STREAM_MAX = 16 << 20, GCOV_SAYS_MAX = 16 << 20, NAME_MAX_BYTES = 512, SLOWNESS = 10 };

/* ---- the counts as the program wrote them ---- */

static bool take_piece(struct coverage_stream *s, const char **ret, uint32_t *ret_size)
{
    uint32_t size;
    if (s->size - s->at < sizeof size)
        return false;
    memcpy(&size, s->bytes + s->at, sizeof size);
    s->at += sizeof size;
    if (size > s->size - s->at)
        return false;
    *ret = s->bytes + s->at;
    *ret_size = size;
    s->at += size;
    return true;
}

enum err_code coverage_next(struct coverage_stream *stream, struct arena *a, const char **ret_name,
                            struct str *ret_data, struct err *why)
{
    const char *piece;
    uint32_t size;
    if (stream->at == stream->size)
        return err_set(why, ERR_NOT_FOUND, "no more files");
    if (!take_piece(stream, &piece, &size) || size == 0 || size > NAME_MAX_BYTES)
        return err_set(why, ERR_FORMAT, "the program's counts begin with no name");
    *ret_name = arena_strndup(a, piece, size);
    for (;;) {
        if (!take_piece(stream, &piece, &size))
            return err_set(why, ERR_FORMAT, "the program's counts are cut off");
        if (size == 0)
            return *ret_name != NULL ? OK : err_set(why, ERR_NOMEM, "no memory for a name");
        str_add_bytes(ret_data, piece, size);
    }
}

/* ---- what gcov says ---- */

static void add_lines(const json_t *lines, struct coverage_file *file)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const json_int_t number = json_integer_value(json_object_get(line, "line_number"));
        const json_int_t count = json_integer_value(json_object_get(line, "count"));
        if (number >= 1 && (size_t)number < file->n_counts && count > file->counts[number])
            file->counts[number] = count;
    }
}

enum err_code coverage_read_gcov(const char *json, size_t size, struct coverage_file *file,
                                 struct err *why)
{
    json_t *root = json_loadb(json, size, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *files = json_object_get(root, "files");
    const bool right = json_is_array(files);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *f = json_array_get(files, i);
        const char *name = json_string_value(json_object_get(f, "file"));
        if (name != NULL && strcmp(name, file->name) == 0)
            add_lines(json_object_get(f, "lines"), file);
    }
    json_decref(root);
    return right ? OK : err_set(why, ERR_FORMAT, "gcov's output is not understood");
}

/* The compiler's notes that belong to the counts "runner-formats.gcda". */
static enum err_code take_notes(struct build *b, const char *counts, struct arena *a,
                                struct cell_file *ret, struct err *why)
{
    const char *name =
        arena_printf(a, "%.*s.gcno", (int)(strlen(counts) - strlen(".gcda")), counts);
    char *bytes;
    size_t size;
    int fd = -1;
    if (name == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a name");
    enum err_code rc = cell_take(b->cell, name, STREAM_MAX, &fd, why);
    if (rc != OK)
        return rc;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = file_read(AT_FDCWD, path, STREAM_MAX, a, &bytes, &size, why);
    close(fd);
    if (rc == OK)
        *ret = (struct cell_file){.name = name, .bytes = bytes, .size = size};
    return rc;
}

static enum err_code open_gcov(const struct lab *lab, const struct cell_file *files,
                               struct arena *a, struct cell **ret, struct err *why)
{
    const char *const argv[] = {CONFIG_GCOV, "--json-format", "--stdout", files[0].name, NULL};
    static const char *const envp[] = {"PATH=/usr/bin", "LC_ALL=C", BUILD_PRELOAD, NULL};
    struct cell_bind binds[BUILD_TOOL_BINDS + 1];
    const size_t n = build_tool_binds(binds);
    binds[n] = build_no_locks(lab, a);
    const struct cell_config config = {.profile = CELL_BUILD,
                                       .argv = argv,
                                       .envp = envp,
                                       .image_fd = -1,
                                       .binds = binds,
                                       .n_binds = n + 1,
                                       .files = files,
                                       .n_files = 2,
                                       .limits = {.cpu_ms = 20000,
                                                  .wall_ms = 60000,
                                                  .memory_bytes = (int64_t)1 << 30,
                                                  .stack_bytes = 64 << 20,
                                                  .file_bytes = 1 << 20,
                                                  .work_bytes = 2 * STREAM_MAX,
                                                  .output_bytes = GCOV_SAYS_MAX,
                                                  .processes = 4,
                                                  .descriptors = 64},
                                       .core = -1};
    return cell_open(ret, &config, why);
}

/* files: the counts, then the notes. */
static enum err_code ask_gcov(const struct lab *lab, const struct cell_file *files,
                              struct coverage_file *file, struct arena *a, struct err *why)
{
    struct cell *cell = NULL;
    struct cell_exit end;
    enum err_code rc = open_gcov(lab, files, a, &cell, why);
    if (rc != OK)
        return rc;
    cell_wait(cell);
    cell_result(cell, &end);
    if (end.verdict != CELL_EXITED || end.status != 0)
        rc = err_set(why, ERR_INTERNAL, "gcov failed on %s: %.200s%.200s", files[0].name,
                     cell_stderr(cell)->text, end.message);
    else
        rc = coverage_read_gcov(cell_stdout(cell)->text, cell_stdout(cell)->length, file, why);
    cell_close(cell);
    return rc;
}

/* ---- all of it ---- */

/* "runner-formats.gcda" counts formats.c. */
static struct coverage_file *file_of(struct coverage_file *files, size_t n, const char *counts)
{
    static const char front[] = "runner-", end[] = ".gcda";
    const size_t length = strlen(counts);
    if (length < sizeof front + sizeof end || strncmp(counts, front, sizeof front - 1) != 0 ||
        strcmp(counts + length - (sizeof end - 1), end) != 0)
        return NULL;
    counts += sizeof front - 1;
    const size_t stem = length - (sizeof front - 1) - (sizeof end - 1);
    for (size_t i = 0; i < n; i++)
        if (strlen(files[i].name) == stem + 2 && strncmp(files[i].name, counts, stem) == 0)
            return &files[i];
    return NULL;
}

static enum err_code read_one(struct build *b, const char *path, const struct str *data,
                              struct coverage_file *files, size_t n, struct arena *a,
                              struct err *why)
{
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    struct coverage_file *file = file_of(files, n, name);
    struct cell_file given[2] = {{.name = name, .bytes = data->text, .size = data->length}};
    if (file == NULL)
        return err_set(why, ERR_FORMAT, "the program counted in '%.100s'", name);
    enum err_code rc = take_notes(b, name, a, &given[1], why);
    if (rc == OK)
        rc = ask_gcov(b->lab, given, file, a, why);
    return rc;
}

static enum err_code read_counts(struct build *b, int fd, struct coverage_file *files, size_t n,
                                 struct arena *a, struct err *why)
{
    char path[64], *bytes;
    struct coverage_stream stream = {.at = 0};
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum err_code rc = file_read(AT_FDCWD, path, STREAM_MAX, a, &bytes, &stream.size, why);
    stream.bytes = bytes;
    while (rc == OK) {
        const char *name = NULL;
        struct str data;
        str_init(&data, STREAM_MAX);
        rc = coverage_next(&stream, a, &name, &data, why);
        if (rc == OK && name != NULL)
            rc = read_one(b, name, &data, files, n, a, why);
        str_done(&data);
    }
    return rc == ERR_NOT_FOUND && stream.at > 0 ? OK
           : rc == ERR_NOT_FOUND
               ? err_set(why, ERR_INTERNAL, "the program ended without telling its counts")
               : rc;
}

static enum err_code make_files(const struct submission *s, struct arena *a,
                                struct coverage_file *ret, struct err *why)
{
    for (size_t i = 0; i < s->n_files; i++) {
        size_t lines = 2; /* the first is 1, and the last may have no end */
        for (size_t k = 0; k < s->files[i].size; k++)
            lines += s->files[i].bytes[k] == '\n';
        ret[i] = (struct coverage_file){.name = s->files[i].name,
                                        .counts = arena_array(a, lines, sizeof *ret[i].counts),
                                        .n_counts = lines};
        if (ret[i].counts == NULL)
            return err_set(why, ERR_NOMEM, "no memory for %zu lines", lines);
        for (size_t k = 0; k < lines; k++)
            ret[i].counts[k] = -1;
    }
    return OK;
}

static enum err_code sum_up(const struct coverage_file *files, size_t n, struct arena *a,
                            struct coverage *ret, struct err *why)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        most += files[i].n_counts;
    struct coverage_line *missed = arena_array(a, most, sizeof *missed);
    struct coverage c = {.missed = missed};
    if (missed == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %zu lines", most);
    for (size_t i = 0; i < n; i++)
        for (size_t line = 0; line < files[i].n_counts; line++) {
            c.lines += files[i].counts[line] >= 0;
            c.covered += files[i].counts[line] > 0;
            if (files[i].counts[line] == 0)
                missed[c.n_missed++] = (struct coverage_line){files[i].name, (int)line};
        }
    *ret = c;
    return OK;
}

static enum err_code run_and_read(const struct lab *lab, const struct submission *s,
                                  struct build *b, int core, struct arena *a, struct coverage *ret,
                                  struct err *why)
{
    struct coverage_file files[LAB_FILES];
    struct probe ignored;
    const int fd = memfd_create("counts", MFD_CLOEXEC);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "memfd_create");
    const struct probe_options options = {
        .seed = 1, .core = core, .whole = true, .slowness = SLOWNESS, .cover_fd = fd};
    enum err_code rc = make_files(s, a, files, why);
    if (rc == OK)
        rc = probe_run(lab, b->image_fd, &options, a, &ignored, why);
    if (rc == OK)
        rc = read_counts(b, fd, files, s->n_files, a, why);
    if (rc == OK)
        rc = sum_up(files, s->n_files, a, ret, why);
    close(fd);
    return rc;
}

enum err_code coverage_measure(const struct lab *lab, const struct submission *s, int core,
                               struct arena *a, struct coverage *ret, struct err *why)
{
    struct build b;
    struct report_compile said;
    if (CONFIG_GCOV[0] == '\0')
        return err_set(why, ERR_UNSUPPORTED, "graded was built where no gcov was");
    enum err_code rc = build_start(&b, lab, s, BUILD_COVER, NULL, a, why);
    if (rc != OK)
        return rc;
    rc = build_finish(&b, NULL, a, &said, why);
    if (rc == OK && said.verdict != VERDICT_ACCEPTED)
        rc = err_set(why, ERR_INTERNAL, "the solution does not compile with counters: %.300s",
                     said.n_diagnostics > 0 ? said.diagnostics[0].message : said.log);
    if (rc == OK)
        rc = run_and_read(lab, s, &b, core, a, ret, why);
    build_close(&b);
    return rc;
}
