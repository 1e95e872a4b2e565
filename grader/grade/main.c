/* grade: the command line. Environment, arguments and exit status live here; grade.c is pure. */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/parse.h"
#include "grader/grade/calibrate.h"
#include "grader/grade/config.h"
#include "grader/grade/grade.h"
#include "grader/grade/job.h"
#include "grader/grade/new.h"
#include "grader/grade/output.h"
#include "grader/grade/proof_record.h"
#include "grader/grade/prove.h"
#include "grader/grade/watch.h"

enum { EXIT_PASSED = 0, EXIT_BELOW = 1, EXIT_USAGE = 2, EXIT_FAULT = 3 };
enum { ARENA_BYTES = 256 << 20 };

static const char usage_text[] =
    "grade run LAB FILES...   grade files of a lab\n"
    "  --format NAME            text (default), json, junit, gradescope, sarif, github, markdown\n"
    "  --for learner|staff      learners do not see what hidden groups compared; default: staff,\n"
    "                           but learner for gradescope, github and markdown\n"
    "  --case GROUP:N           this case alone, shown in full\n"
    "  --seed N                 the cases' seed; default: from the files' bytes\n"
    "  --visible                visible groups only\n"
    "  --events                 progress as NDJSON on standard error\n"
    "  --core N                 the core that runners and the clock share\n"
    "grade run --job DIR      grade a job directory; with --events progress on standard output\n"
    "  --parent-pid N           end when this parent does\n"
    "  --labs DIR               where labs are (both forms)\n"
    "  --cache DIR              where compile results are kept (both forms); default: graded in\n"
    "                           $XDG_CACHE_HOME or ~/.cache; with --job: nowhere\n"
    "  --cache-bytes N          of them at most; default: 1 GiB\n"
    "  --no-cache               compile anew, keep nothing\n"
    "grade test [LAB...]      labs prove themselves (takes the options about labs and cache)\n"
    "  --mutants N|all          mistakes made by machine to try, of a lab; default: 40\n"
    "  --mutant-seconds N       for them at most; default: 120\n"
    "  --quick                  none of them, and no coverage\n"
    "  --checker-seconds N      a checker that takes more in one grading loops; default: 120\n"
    "  --format json            one object per lab, for programs\n"
    "grade list [LAB...]      labs, and what is known to be wrong with them\n"
    "  --format text|json, --labs DIR\n"
    "grade calibrate [LAB...] how small a difference in speed this host can tell; 1: not enough\n"
    "  --format text|json, --core N, --labs DIR\n"
    "grade new ID SLUG        a new lab that passes `grade test` (docs/write-a-lab.md)\n"
    "  --title TEXT             default: from the slug\n"
    "  --language c             what it is written in\n"
    "  --dir DIR                the folder of modules; default: graded's own labs\n"
    "\n"
    "Exit status: 0 passed, 1 below the pass mark, 2 usage, 3 could not grade (our fault).\n"
    "GRADED_LABS and GRADED_LAB_BUILD name other folders of labs and of their built parts.\n";

struct options {
    const char *format, *reader, *job, *labs, *cache;
    const char *only_group; /* with only_case; NULL: all */
    int only_case;
    bool has_seed, visible, events, no_cache;
    uint64_t seed;
    int64_t cache_bytes;
    int core;
    int64_t parent_pid;
    bool quick;
    int64_t mutants, mutant_s, checker_s; /* mutants -1: all of them */
    char **rest;
    int n_rest;
};

static int usage(const char *what)
{
    if (what != NULL)
        fprintf(stderr, "grade: %s\n", what);
    fputs(usage_text, what != NULL ? stderr : stdout);
    return what != NULL ? EXIT_USAGE : EXIT_PASSED;
}

static int fault(const struct err *why)
{
    fprintf(stderr, "grade: %s\n", why->text);
    return EXIT_FAULT;
}

/* An option beats the environment, which beats what the build knew. */
static struct lab_paths lab_paths(const char *option)
{
    const char *labs = option != NULL ? option : getenv("GRADED_LABS");
    const char *build = getenv("GRADED_LAB_BUILD");
    return (struct lab_paths){.labs = labs != NULL ? labs : CONFIG_LABS_DIR,
                              .build = build != NULL ? build : CONFIG_LAB_BUILD_DIR};
}

/* "q-legacy:3" */
static enum err_code take_case(struct options *o, char *text, struct err *why)
{
    char *colon = strrchr(text, ':');
    int64_t number = 0;
    if (colon == NULL || colon == text)
        return err_set(why, ERR_INVALID, "--case is '%.60s': expected GROUP:N", text);
    const enum err_code rc = parse_i64(colon + 1, "--case", 1, INT32_MAX, &number, why);
    *colon = '\0';
    o->only_group = text;
    o->only_case = (int)number;
    return rc;
}

static enum err_code take_option(struct options *o, int option, struct err *why)
{
    int64_t core = -1;
    enum err_code rc = OK;
    switch (option) {
    case 'f':
        o->format = optarg;
        return OK;
    case 'r':
        o->reader = optarg;
        return OK;
    case 'o':
        return take_case(o, optarg, why);
    case 'j':
        o->job = optarg;
        return OK;
    case 'l':
        o->labs = optarg;
        return OK;
    case 'k':
        o->cache = optarg;
        return OK;
    case 'n':
        o->no_cache = true;
        return OK;
    case 'b':
        return parse_i64(optarg, "--cache-bytes", 1, INT64_MAX / 2, &o->cache_bytes, why);
    case 's':
        o->has_seed = true;
        return parse_u64(optarg, "--seed", 0, ((uint64_t)1 << 53) - 1, &o->seed, why);
    case 'v':
        o->visible = true;
        return OK;
    case 'e':
        o->events = true;
        return OK;
    case 'c':
        rc = parse_i64(optarg, "--core", 0, 4095, &core, why);
        o->core = (int)core;
        return rc;
    case 'q':
        o->quick = true;
        return OK;
    case 'm':
        o->mutants = -1;
        return strcmp(optarg, "all") == 0
                   ? OK
                   : parse_i64(optarg, "--mutants", 0, 1000000, &o->mutants, why);
    case 'w':
        return parse_i64(optarg, "--checker-seconds", 1, 1000000, &o->checker_s, why);
    case 't':
        return parse_i64(optarg, "--mutant-seconds", 1, 1000000, &o->mutant_s, why);
    case 'p':
        return parse_i64(optarg, "--parent-pid", 1, INT32_MAX, &o->parent_pid, why);
    default:
        return err_set(why, ERR_INVALID, "unknown option");
    }
}

static enum err_code parse_options(int argc, char **argv, struct options *ret, struct err *why)
{
    static const struct option known[] = {
        {"quick", no_argument, NULL, 'q'},
        {"mutants", required_argument, NULL, 'm'},
        {"mutant-seconds", required_argument, NULL, 't'},
        {"checker-seconds", required_argument, NULL, 'w'},
        {"format", required_argument, NULL, 'f'},
        {"job", required_argument, NULL, 'j'},
        {"seed", required_argument, NULL, 's'},
        {"visible", no_argument, NULL, 'v'},
        {"events", no_argument, NULL, 'e'},
        {"core", required_argument, NULL, 'c'},
        {"parent-pid", required_argument, NULL, 'p'},
        {"labs", required_argument, NULL, 'l'},
        {"cache", required_argument, NULL, 'k'},
        {"cache-bytes", required_argument, NULL, 'b'},
        {"no-cache", no_argument, NULL, 'n'},
        {"for", required_argument, NULL, 'r'},
        {"case", required_argument, NULL, 'o'},
        {0},
    };
    *ret = (struct options){
        .format = "text", .core = -1, .mutants = 40, .mutant_s = 120, .checker_s = WATCH_CPU_S};
    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        const enum err_code rc = take_option(ret, c, why);
        if (rc != OK)
            return rc;
    }
    ret->rest = argv + optind;
    ret->n_rest = argc - optind;
    return OK;
}

/* Where a person's programs keep what can be made again (XDG base directories; a relative path
 * there is to be ignored). NULL: nowhere. A server says where, or has no cache. */
static const char *cache_dir(const struct options *o, struct arena *a)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (o->no_cache || o->cache != NULL || o->job != NULL)
        return o->no_cache ? NULL : o->cache;
    if (xdg != NULL && xdg[0] == '/')
        return arena_printf(a, "%s/graded", xdg);
    return home != NULL && home[0] == '/' ? arena_printf(a, "%s/.cache/graded", home) : NULL;
}

static void tell_cache_trouble(const struct err *why)
{
    if (why->code != OK)
        fprintf(stderr, "grade: compiled without a cache: %s\n", why->text);
}

static int refused(const struct err *why)
{
    fprintf(stderr, "grade: %s\n", why->text);
    return why->code == ERR_NOT_FOUND || why->code == ERR_INVALID || why->code == ERR_TOO_LARGE
               ? EXIT_USAGE
               : EXIT_FAULT;
}

/* The path at which a person has the lab's file: the one of its name, or the only one. */
static const char *path_of(const struct options *o, const struct lab *lab, const char *name)
{
    for (int i = 1; i < o->n_rest; i++) {
        const char *slash = strrchr(o->rest[i], '/');
        if (lab->n_files == 1 || strcmp(slash != NULL ? slash + 1 : o->rest[i], name) == 0)
            return o->rest[i];
    }
    return name;
}

static int print_report(const struct options *o, const struct lab *lab, const struct report *r,
                        struct arena *a)
{
    const char *paths[LAB_FILES][2];
    for (size_t i = 0; i < lab->n_files; i++) {
        paths[i][0] = lab->files[i].name;
        paths[i][1] = path_of(o, lab, lab->files[i].name);
    }
    const struct output output = {.format = o->format,
                                  .reader = o->reader,
                                  .colour = isatty(STDOUT_FILENO),
                                  .paths = (const char *const(*)[2])paths,
                                  .n_paths = lab->n_files,
                                  .summary = getenv("GITHUB_STEP_SUMMARY")};
    struct str out;
    struct err why;
    str_init(&out, REPORT_JSON_MAX);
    const enum err_code rc = output_write(&output, r, a, &out, &why);
    fwrite(out.text, 1, out.length, stdout);
    str_done(&out);
    if (rc != OK)
        return fault(&why);
    return r->pass ? EXIT_PASSED : EXIT_BELOW;
}

static int run_submission(const struct options *o, const struct lab *lab, struct arena *a)
{
    struct submission s;
    struct report r;
    struct err why;
    if (o->only_group != NULL && lab_group_code(lab, o->only_group) == NULL) {
        err_set(&why, ERR_NOT_FOUND, "lab %s has no group '%.60s'", lab->id, o->only_group);
        return refused(&why);
    }
    if (submission_read_paths(lab, (const char *const *)(o->rest + 1), (size_t)o->n_rest - 1, a, &s,
                              &why) != OK)
        return refused(&why);
    struct err cache_why = {0};
    const struct grade_options options = {.seed = o->has_seed ? o->seed : s.seed,
                                          .visible_only = o->visible,
                                          .core = o->core,
                                          .events_fd = o->events ? STDERR_FILENO : -1,
                                          .cache_dir = cache_dir(o, a),
                                          .cache_bytes = o->cache_bytes,
                                          .cache_why = &cache_why,
                                          .only_group = o->only_group,
                                          .only_case = o->only_case};
    const enum err_code rc = grade_run(lab, &s, &options, a, &r, &why);
    tell_cache_trouble(&cache_why);
    if (rc != OK)
        return refused(&why);
    return print_report(o, lab, &r, a);
}

static int run_files(const struct options *o, struct arena *a)
{
    struct err why;
    struct lab lab;
    const struct output output = {.format = o->format, .reader = o->reader};
    if (o->n_rest < 2)
        return usage("run needs a lab and its files");
    if (output_check(&output, &why) != OK)
        return usage(why.text);
    const struct lab_paths paths = lab_paths(o->labs);
    if (lab_open(&lab, &paths, o->rest[0], a, &why) != OK)
        return refused(&why);
    const int status = run_submission(o, &lab, a);
    lab_close(&lab);
    return status;
}

static enum err_code grade_job(const struct options *o, struct arena *a, struct report *ret,
                               struct lab *lab, struct err *why)
{
    struct job job;
    struct submission s;
    const struct lab_paths paths = lab_paths(o->labs);
    enum err_code rc = job_read(o->job, a, &job, why);
    if (rc == OK)
        rc = lab_open(lab, &paths, job.lab, a, why);
    if (rc == OK)
        rc = submission_read_folder(lab, arena_printf(a, "%s/submission", o->job), a, &s, why);
    if (rc != OK)
        return rc;
    struct err cache_why = {0};
    const struct grade_options options = {.seed = job.has_seed ? job.seed : s.seed,
                                          .visible_only = job.visible_only,
                                          .core = o->core,
                                          .events_fd = o->events ? STDOUT_FILENO : -1,
                                          .cache_dir = cache_dir(o, a),
                                          .cache_bytes = o->cache_bytes,
                                          .cache_why = &cache_why};
    rc = grade_run(lab, &s, &options, a, ret, why);
    tell_cache_trouble(&cache_why);
    if (rc == OK)
        rc = job_write_report(o->job, ret, why);
    return rc;
}

/* A server that dies leaves no grader behind: its jobs are leased again by the next one. */
static bool parent_is_gone(int64_t parent_pid)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() != (pid_t)parent_pid;
}

static int run_job(const struct options *o, struct arena *a)
{
    if (o->parent_pid != 0 && parent_is_gone(o->parent_pid))
        return EXIT_FAULT;
    signal(SIGPIPE, SIG_IGN);
    struct lab lab = {0};
    struct report r;
    struct err why;
    const enum err_code rc = grade_job(o, a, &r, &lab, &why);
    const int status = rc != OK ? fault(&why) : r.pass ? EXIT_PASSED : EXIT_BELOW;
    lab_close(&lab);
    return status;
}

static int command_run(int argc, char **argv)
{
    struct options o;
    struct err why;
    if (parse_options(argc, argv, &o, &why) != OK)
        return usage(why.text);
    struct arena a;
    watch_start(WATCH_CPU_S);
    arena_init(&a, ARENA_BYTES);
    const int status = o.job != NULL ? run_job(&o, &a) : run_files(&o, &a);
    arena_done(&a);
    return status;
}

static int prove_one(const struct options *o, const struct lab_paths *paths, const char *name,
                     struct arena *a)
{
    const struct prove_options options = {.coverage = !o->quick,
                                          .mutants = o->quick         ? 0
                                                     : o->mutants < 0 ? SIZE_MAX
                                                                      : (size_t)o->mutants,
                                          .budget_ms = o->mutant_s * 1000,
                                          .checker_s = o->checker_s,
                                          .json = strcmp(o->format, "json") == 0,
                                          .core = o->core,
                                          .cache_dir = cache_dir(o, a)};
    struct err why;
    bool proved = false;
    if (prove_lab(paths, name, &options, &proved, &why) != OK)
        return fault(&why);
    return proved ? EXIT_PASSED : EXIT_BELOW;
}

typedef int lab_command(const struct options *o, const struct lab_paths *paths, const char *name,
                        struct arena *a);

static int for_labs(const struct options *o, lab_command *each)
{
    const struct lab_paths paths = lab_paths(o->labs);
    struct arena a;
    struct err why;
    const char *const *all = (const char *const *)o->rest;
    size_t count = (size_t)o->n_rest;
    int status = EXIT_PASSED;
    setvbuf(stdout, NULL, _IOLBF, 0);
    arena_init(&a, ARENA_BYTES);
    if (count == 0 && lab_list(&paths, &a, &all, &count, &why) != OK)
        status = fault(&why);
    for (size_t i = 0; i < count; i++) {
        const int one = each(o, &paths, all[i], &a);
        status = one > status ? one : status;
    }
    arena_done(&a);
    return status;
}

/* For a server, which offers no lab that cannot be graded. */
static void print_lab_json(const char *name, const char *wrong)
{
    const char *slash = strrchr(name, '/');
    json_t *json = json_pack("{s:s, s:b, s:s?}", "folder", slash != NULL ? slash + 1 : name,
                             "available", wrong == NULL, "why", wrong);
    if (json != NULL && json_dumpf(json, stdout, JSON_COMPACT) == 0)
        putchar('\n');
    json_decref(json);
}

static int list_one(const struct options *o, const struct lab_paths *paths, const char *name,
                    struct arena *a)
{
    struct lab lab = {0};
    struct err why;
    const bool opens = lab_open(&lab, paths, name, a, &why) == OK;
    const char *wrong = opens ? proof_record_fault(&lab, a) : why.text;
    if (strcmp(o->format, "json") == 0)
        print_lab_json(name, wrong);
    else if (opens)
        printf("%-5s %-18s %-60s %s%s%s\n", lab.id, lab.slug, lab.title, lab.files[0].name,
               wrong != NULL ? "\n      " : "", wrong != NULL ? wrong : "");
    else
        fault(&why);
    lab_close(&lab);
    return wrong == NULL ? EXIT_PASSED : EXIT_FAULT;
}

static int command_for_labs(int argc, char **argv, lab_command *each)
{
    struct options o;
    struct err why;
    return parse_options(argc, argv, &o, &why) != OK ? usage(why.text) : for_labs(&o, each);
}

static int command_new(int argc, char **argv)
{
    static const struct option known[] = {
        {"title", required_argument, NULL, 't'},
        {"language", required_argument, NULL, 'l'},
        {"dir", required_argument, NULL, 'd'},
        {0},
    };
    struct new_request r = {.language = "c", .dir = lab_paths(NULL).labs, .home = CONFIG_LABS_DIR};
    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == '?')
            return usage("new: unknown option");
        *(c == 't' ? &r.title : c == 'l' ? &r.language : &r.dir) = optarg;
    }
    if (argc - optind != 2)
        return usage("new needs an id and a slug, such as 2.10 running-sums");
    r.id = argv[optind];
    r.slug = argv[optind + 1];
    struct arena a;
    struct err why;
    arena_init(&a, ARENA_BYTES);
    const enum err_code rc = new_lab(&r, &a, stdout, &why);
    arena_done(&a);
    if (rc == OK)
        return EXIT_PASSED;
    fprintf(stderr, "grade: %s\n", why.text);
    return rc == ERR_INVALID || rc == ERR_CONFLICT ? EXIT_USAGE : EXIT_FAULT;
}

static int command_calibrate(int argc, char **argv)
{
    struct options o;
    struct err why;
    if (parse_options(argc, argv, &o, &why) != OK)
        return usage(why.text);
    const struct calibrate_command c = {.paths = lab_paths(o.labs),
                                        .names = (const char *const *)o.rest,
                                        .n_names = (size_t)o.n_rest,
                                        .core = o.core,
                                        .json = strcmp(o.format, "json") == 0};
    if (!c.json && strcmp(o.format, "text") != 0)
        return usage("calibrate: --format is text or json");
    struct arena a;
    bool fit = false;
    arena_init(&a, ARENA_BYTES);
    const enum err_code rc = calibrate_run(&c, &a, stdout, &fit, &why);
    arena_done(&a);
    if (rc == OK)
        return fit ? EXIT_PASSED : EXIT_BELOW;
    fprintf(stderr, "grade: %s\n", why.text);
    return rc == ERR_NOT_FOUND || rc == ERR_LIMIT ? EXIT_USAGE : EXIT_FAULT;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        return EXIT_FAULT;
    if (argc < 2)
        return usage("a command is missing");
    const char *command = argv[1];
    if (strcmp(command, "run") == 0)
        return command_run(argc - 1, argv + 1);
    if (strcmp(command, "test") == 0)
        return command_for_labs(argc - 1, argv + 1, prove_one);
    if (strcmp(command, "list") == 0)
        return command_for_labs(argc - 1, argv + 1, list_one);
    if (strcmp(command, "new") == 0)
        return command_new(argc - 1, argv + 1);
    if (strcmp(command, "calibrate") == 0)
        return command_calibrate(argc - 1, argv + 1);
    if (strcmp(command, "--help") == 0 || strcmp(command, "help") == 0)
        return usage(NULL);
    return usage("the commands are run, test, list, new and calibrate");
}
