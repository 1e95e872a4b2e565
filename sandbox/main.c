/* graded-sandbox: one command in a cell, to try and to measure. */
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/parse.h"
#include "sandbox/cell.h"
#include "sandbox/check.h"

static const char usage_text[] =
    "usage: graded-sandbox [OPTION]... -- COMMAND [ARGUMENT]...\n"
    "       graded-sandbox --check [--json]\n"
    "\n"
    "Runs COMMAND, an absolute path, in a cell; prints what it printed, then on stderr how it "
    "ended.\n"
    "\n"
    "  --profile NAME       build (the default), run or sanitize: which system calls it may make\n"
    "  --ro HOST[:GUEST]    show a file or directory, read-only; default: /usr /bin /lib /lib64\n"
    "  --rw HOST[:GUEST]    the same, writable; it must be writable for everybody. The limits on\n"
    "                       work and memory do not bound it, and whatever is in it afterwards is\n"
    "                       a stranger's: follow no link there, run nothing from there\n"
    "  --allow EXTRA        what a lab may add to run and sanitize: threads (--processes of "
    "them),\n"
    "                       files (reads those of --file), scratch (and writes in /box), sockets\n"
    "                       (TCP over a loopback of its own); again for another\n"
    "  --file HOST[:NAME]   a copy of a file in /box, where COMMAND starts\n"
    "  --env NAME=VALUE     one more in the environment, which holds PATH and LC_ALL\n"
    "  --cpu-ms N           CPU time of all its processes (10000)\n"
    "  --wall-ms N          time by the clock on the wall (30000)\n"
    "  --memory-bytes N     resident memory (1073741824)\n"
    "  --processes N        processes and threads (32)\n"
    "  --output-bytes N     on stdout, and on stderr (1048576)\n"
    "  --json               the report, with what was used of which limit, as one JSON object\n"
    "  --check              what this host can guarantee, and what to change for what it cannot;\n"
    "                       exit status 1 if a cell cannot be made\n"
    "\n"
    "Exit status: the command's own; 128 and its signal; 124 a limit; 126 a forbidden call;\n"
    "125 the cell could not be made; 2 wrong usage.\n";

enum {
    DEFAULT_BINDS = 4,
    EXIT_USAGE = 2,
    EXIT_LIMIT = 124,
    EXIT_CELL = 125,
    EXIT_FORBIDDEN = 126,
    MAX_BINDS = 32,
    MAX_ENV = 32,
    MAX_FILES = 16,
    MAX_FILE_BYTES = 64 << 20,
};

struct request {
    struct cell_config config;
    struct cell_bind binds[MAX_BINDS + DEFAULT_BINDS];
    struct arena memory; /* of the files */
    struct cell_file files[MAX_FILES];
    const char *environment[MAX_ENV + 1];
    int n_environment;
    bool json, check, shows; /* shows: --ro was given */
};

static const char *const verdict_words[] = {
    [CELL_EXITED] = "exited",
    [CELL_SIGNALED] = "signaled",
    [CELL_CPU_LIMIT] = "cpu_limit",
    [CELL_WALL_LIMIT] = "wall_limit",
    [CELL_MEMORY_LIMIT] = "memory_limit",
    [CELL_OUTPUT_LIMIT] = "output_limit",
    [CELL_FORBIDDEN_CALL] = "forbidden_call",
    [CELL_KILLED] = "killed",
    [CELL_SETUP_FAILED] = "setup_failed",
};

static void set_defaults(struct request *r)
{
    *r = (struct request){
        .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"},
        .n_environment = 2,
        .config =
            {
                .profile = CELL_BUILD,
                .image_fd = -1,
                .core = -1,
                .limits =
                    {
                        .cpu_ms = 10000,
                        .wall_ms = 30000,
                        .memory_bytes = 1 << 30,
                        .stack_bytes = 64 << 20,
                        .file_bytes = 64 << 20,
                        .work_bytes = 256 << 20,
                        .output_bytes = 1 << 20,
                        .processes = 32,
                        .descriptors = 256,
                    },
            },
    };
    arena_init(&r->memory, MAX_FILES * (size_t)MAX_FILE_BYTES);
}

static enum err_code parse_profile(const char *word, enum cell_profile *ret, struct err *why)
{
    static const char *const words[] = {"build", "run", "sanitize"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(word, words[i]) == 0) {
            *ret = (enum cell_profile)i;
            return OK;
        }
    }
    return err_set(why, ERR_INVALID, "--profile %s: expected build, run or sanitize", word);
}

static enum err_code add_extra(const char *word, unsigned *extras, struct err *why)
{
    static const struct {
        const char *word;
        enum cell_extra extra;
    } table[] = {{"threads", CELL_THREADS},
                 {"files", CELL_FILES},
                 {"scratch", CELL_SCRATCH},
                 {"sockets", CELL_SOCKETS}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(word, table[i].word) == 0) {
            *extras |= table[i].extra;
            return OK;
        }
    }
    return err_set(why, ERR_INVALID, "--allow %s: expected threads, files, scratch or sockets",
                   word);
}

/* Read here and now: what the cell gets is a copy. */
static enum err_code add_file(struct request *r, char *text, struct err *why)
{
    char *bytes;
    size_t size;
    if (r->config.n_files == MAX_FILES)
        return err_set(why, ERR_INVALID, "--file: at most %d", MAX_FILES);
    char *name = strchr(text, ':');
    if (name != NULL)
        *name++ = '\0';
    else
        name = strrchr(text, '/') != NULL ? strrchr(text, '/') + 1 : text;
    const enum err_code rc =
        file_read(AT_FDCWD, text, MAX_FILE_BYTES, &r->memory, &bytes, &size, why);
    if (rc == OK)
        r->files[r->config.n_files++] = (struct cell_file){name, bytes, size};
    return rc;
}

static enum err_code add_bind(struct request *r, char *text, bool writable, struct err *why)
{
    if (r->config.n_binds == MAX_BINDS)
        return err_set(why, ERR_INVALID, "--ro and --rw: at most %d", MAX_BINDS);
    char *colon = strchr(text, ':');
    if (colon != NULL)
        *colon++ = '\0';
    r->binds[r->config.n_binds++] =
        (struct cell_bind){text, colon == NULL ? text : colon, writable};
    r->shows |= !writable;
    return OK;
}

static enum err_code add_environment(struct request *r, const char *text, struct err *why)
{
    if (r->n_environment == MAX_ENV || strchr(text, '=') == NULL)
        return err_set(why, ERR_INVALID, "--env %s: expected NAME=VALUE, at most %d", text,
                       MAX_ENV);
    r->environment[r->n_environment++] = text;
    return OK;
}

static void add_default_binds(struct request *r)
{
    static const char *const paths[] = {"/usr", "/bin", "/lib", "/lib64"};
    struct stat st;
    for (size_t i = 0; i < DEFAULT_BINDS; i++)
        if (stat(paths[i], &st) == 0)
            r->binds[r->config.n_binds++] = (struct cell_bind){paths[i], paths[i], false};
}

static const struct option options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"ro", required_argument, NULL, 'r'},
    {"rw", required_argument, NULL, 'R'},
    {"allow", required_argument, NULL, 'a'},
    {"file", required_argument, NULL, 'f'},
    {"env", required_argument, NULL, 'e'},
    {"cpu-ms", required_argument, NULL, 'c'},
    {"wall-ms", required_argument, NULL, 'w'},
    {"memory-bytes", required_argument, NULL, 'm'},
    {"processes", required_argument, NULL, 'n'},
    {"output-bytes", required_argument, NULL, 'o'},
    {"json", no_argument, NULL, 'j'},
    {"check", no_argument, NULL, 'k'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static enum err_code take_option(struct request *r, int option, char *value, struct err *why)
{
    struct cell_limits *l = &r->config.limits;
    int64_t processes = l->processes;
    enum err_code rc = OK;
    switch (option) {
    case 'p':
        return parse_profile(value, &r->config.profile, why);
    case 'r':
    case 'R':
        return add_bind(r, value, option == 'R', why);
    case 'a':
        return add_extra(value, &r->config.extras, why);
    case 'f':
        return add_file(r, value, why);
    case 'e':
        return add_environment(r, value, why);
    case 'c':
        return parse_i64(value, "--cpu-ms", 1, INT32_MAX, &l->cpu_ms, why);
    case 'w':
        return parse_i64(value, "--wall-ms", 1, INT32_MAX, &l->wall_ms, why);
    case 'm':
        return parse_i64(value, "--memory-bytes", 1 << 20, INT64_MAX / 4, &l->memory_bytes, why);
    case 'n':
        rc = parse_i64(value, "--processes", 1, 4096, &processes, why);
        l->processes = (int)processes;
        return rc;
    case 'o':
        return parse_i64(value, "--output-bytes", 0, 1 << 30, &l->output_bytes, why);
    case 'j':
        r->json = true;
        return OK;
    case 'k':
        r->check = true;
        return OK;
    }
    return err_set(why, ERR_INVALID, "see --help");
}

static enum err_code parse_arguments(struct request *r, int argc, char **argv, struct err *why)
{
    set_defaults(r);
    for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(usage_text, stdout);
            exit(0);
        }
        const enum err_code rc = take_option(r, option, optarg, why);
        if (rc != OK)
            return rc;
    }
    if (!r->shows)
        add_default_binds(r);
    r->config.binds = r->binds;
    r->config.files = r->files;
    r->config.envp = r->environment;
    r->config.argv = (const char *const *)argv + optind;
    if (!r->check && argv[optind] == NULL)
        return err_set(why, ERR_INVALID, "no command: see --help");
    if (r->config.extras != 0 && r->config.profile == CELL_BUILD)
        return err_set(why, ERR_INVALID, "--allow: only with --profile run or sanitize");
    return OK;
}

static void report_json(const struct request *r, const struct cell_exit *e)
{
    const struct cell_limits *l = &r->config.limits;
    json_t *report =
        json_pack("{s:s, s:i, s:i, s:s*, s:s*, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:i, s:I}}",
                  "verdict", verdict_words[e->verdict], "status", e->status, "signal", e->signal,
                  "system_call", e->system_call[0] == '\0' ? NULL : e->system_call, "message",
                  e->message[0] == '\0' ? NULL : e->message, "wall_us", (json_int_t)e->wall_us,
                  "cpu_us", (json_int_t)e->cpu_us, "peak_bytes", (json_int_t)e->peak_bytes,
                  "limits", "cpu_ms", (json_int_t)l->cpu_ms, "wall_ms", (json_int_t)l->wall_ms,
                  "memory_bytes", (json_int_t)l->memory_bytes, "processes", l->processes,
                  "output_bytes", (json_int_t)l->output_bytes);
    json_dumpf(report, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(report);
}

static void report_text(const struct request *r, const struct cell_exit *e)
{
    const struct cell_limits *l = &r->config.limits;
    fprintf(stderr, "graded-sandbox: %s", verdict_words[e->verdict]);
    if (e->verdict == CELL_EXITED)
        fprintf(stderr, " with status %d", e->status);
    if (e->signal != 0)
        fprintf(stderr, " by signal %d (%s)", e->signal, strsignal(e->signal));
    if (e->message[0] != '\0')
        fprintf(stderr, ": %s", e->message);
    fprintf(stderr, "\n  wall %.1f of %lld ms, cpu %.1f of %lld ms", (double)e->wall_us / 1e3,
            (long long)l->wall_ms, (double)e->cpu_us / 1e3, (long long)l->cpu_ms);
    if (e->peak_bytes > 0)
        fprintf(stderr, ", memory %.1f of %.1f MiB", (double)e->peak_bytes / 0x1p20,
                (double)l->memory_bytes / 0x1p20);
    fputc('\n', stderr);
}

static int exit_status(const struct cell_exit *e)
{
    switch (e->verdict) {
    case CELL_EXITED:
        return e->status;
    case CELL_SIGNALED:
    case CELL_KILLED:
        return 128 + e->signal;
    case CELL_CPU_LIMIT:
    case CELL_WALL_LIMIT:
    case CELL_MEMORY_LIMIT:
    case CELL_OUTPUT_LIMIT:
        return EXIT_LIMIT;
    case CELL_FORBIDDEN_CALL:
        return EXIT_FORBIDDEN;
    case CELL_SETUP_FAILED:
        break;
    }
    return EXIT_CELL;
}

static void print(const struct str *text, FILE *to)
{
    fwrite(text->text, 1, text->length, to);
    fflush(to);
}

static int run(const struct request *r)
{
    struct cell *cell = NULL;
    struct err why;
    if (cell_open(&cell, &r->config, &why) != OK) {
        fprintf(stderr, "graded-sandbox: %s\n", why.text);
        return EXIT_CELL;
    }
    struct cell_exit e;
    cell_wait(cell);
    cell_result(cell, &e);
    print(cell_stdout(cell), stdout);
    print(cell_stderr(cell), stderr);
    if (r->json)
        report_json(r, &e);
    else
        report_text(r, &e);
    cell_close(cell);
    return exit_status(&e);
}

int main(int argc, char **argv)
{
    struct request r;
    struct err why;
    if (parse_arguments(&r, argc, argv, &why) != OK) {
        fprintf(stderr, "graded-sandbox: %s\n", why.text);
        return EXIT_USAGE;
    }
    const int status = r.check ? check_host(r.json) : run(&r);
    arena_done(&r.memory);
    return status;
}
