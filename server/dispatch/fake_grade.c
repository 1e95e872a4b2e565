/* A grader for tests: does what the submitted file a.c says in one word. Takes grade's arguments
 * and leaves what grade leaves. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "grader/report/report.h"

struct call {
    const char *dir, *parent_pid, *core, *labs, *cache;
    char lab[64], word[64];
};

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

static void leave(const struct call *c, const void *bytes, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/report.json", c->dir);
    if (file_replace(AT_FDCWD, path, bytes, size, NULL) != OK)
        abort();
}

static void leave_report(const struct call *c, const char *lab, enum verdict verdict, double score)
{
    const struct report_group group = {.name = "all",
                                       .points = 100,
                                       .earned = score,
                                       .visible = true,
                                       .verdict = verdict,
                                       .cases = 1,
                                       .passed = score == 100};
    const struct report r = {.lab = lab,
                             .lab_version = "v1",
                             .lab_title = "A first lab",
                             .verdict = verdict,
                             .score = score,
                             .max_score = 100,
                             .pass = score >= 70,
                             .groups = &group,
                             .n_groups = 1,
                             .device_kind = "cpu",
                             .device_name = "fake"};
    struct str json;
    str_init(&json, REPORT_JSON_MAX);
    report_write_json(&r, &json);
    leave(c, json.text, json.length);
    str_done(&json);
}

static int pass(const struct call *c)
{
    say("{\"event\":\"compile_started\"}");
    say("{\"event\":\"compile_finished\",\"verdict\":\"ok\",\"ms\":5}");
    leave_report(c, c->lab, VERDICT_ACCEPTED, 100);
    say("{\"event\":\"finished\",\"verdict\":\"accepted\"}");
    return 0;
}

/* Lines that are no events, and one that never seems to end. */
static int babble(const struct call *c)
{
    say("no JSON at all");
    say("[1,2]");
    say("{\"event\":7}");
    say("{\"event\":\"../../etc\"}");
    say("{\"event\":\"ok\",\"bytes\":\"\xff\xfe\"}");
    for (int i = 0; i < 200000; i++)
        putchar('x');
    putchar('\n');
    return pass(c);
}

/* Grades, though something beside it went wrong. */
static int murmur(const struct call *c)
{
    fputs("grade: compiled without a cache\n", stderr);
    return pass(c);
}

/* Leaves a process behind that holds the pipes and would sleep for long. */
static int orphan(const struct call *c)
{
    const pid_t pid = fork();
    if (pid == 0) {
        sleep(1000);
        _exit(0);
    }
    printf("{\"event\":\"orphan\",\"pid\":%d}\n", (int)pid);
    return pass(c);
}

static int tell_arguments(const struct call *c)
{
    printf("{\"event\":\"called\",\"parent\":%d,\"core\":\"%s\",\"labs\":\"%s\",\"cache\":\"%s\","
           "\"ignores\":%d}\n",
           atol(c->parent_pid) == getppid(), c->core, c->labs, c->cache,
           signal(SIGPIPE, SIG_DFL) == SIG_IGN);
    return pass(c);
}

static int below(const struct call *c)
{
    leave_report(c, c->lab, VERDICT_WRONG_ANSWER, 40);
    return 1;
}

static int crash(const struct call *c)
{
    (void)c;
    fputs("about to crash\n", stderr);
    return raise(SIGSEGV);
}

static int crash_once(const struct call *c)
{
    return strcmp(c->dir + strlen(c->dir) - 2, "-1") == 0 ? crash(c) : pass(c);
}

static int exit_3(const struct call *c)
{
    (void)c;
    fputs("no compiler here\n", stderr);
    return 3;
}

static int hang(const struct call *c)
{
    (void)c;
    say("{\"event\":\"compile_started\"}");
    pause();
    return 3;
}

static int slow(const struct call *c)
{
    usleep(400000);
    return pass(c);
}

static int no_report(const struct call *c)
{
    (void)c;
    return 0;
}

static int bad_report(const struct call *c)
{
    leave(c, "{\"version\":1}", 13);
    return 0;
}

static int other_lab(const struct call *c)
{
    leave_report(c, "9.9", VERDICT_ACCEPTED, 100);
    return 0;
}

static const struct {
    const char *word;
    int (*act)(const struct call *c);
} acts[] = {{"pass", pass},           {"below", below},
            {"crash", crash},         {"crash-once", crash_once},
            {"exit-3", exit_3},       {"hang", hang},
            {"slow", slow},           {"babble", babble},
            {"no-report", no_report}, {"bad-report", bad_report},
            {"other-lab", other_lab}, {"orphan", orphan},
            {"murmur", murmur},       {"arguments", tell_arguments}};

static int act(const struct call *c)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(c->word, acts[i].word) == 0)
            return acts[i].act(c);
    return 2;
}

static void read_job(struct call *c)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/job.json", c->dir);
    json_t *job = json_load_file(path, 0, NULL);
    const char *lab = json_string_value(json_object_get(job, "lab"));
    if (lab == NULL || !json_is_integer(json_object_get(job, "seed")) ||
        strcmp(json_string_value(json_object_get(job, "mode")), "full") != 0)
        exit(2);
    snprintf(c->lab, sizeof c->lab, "%s", lab);
    json_decref(job);
    snprintf(path, sizeof path, "%s/submission/a.c", c->dir);
    FILE *f = fopen(path, "r");
    if (f == NULL || fgets(c->word, sizeof c->word, f) == NULL)
        exit(2);
    fclose(f);
}

int main(int argc, char **argv)
{
    struct call c = {.core = "", .labs = "", .cache = "", .parent_pid = ""};
    bool events = false;
    for (int i = 2; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (strcmp(argv[i], "--events") == 0)
            events = true;
        else if (more && strcmp(argv[i], "--job") == 0)
            c.dir = argv[++i];
        else if (more && strcmp(argv[i], "--parent-pid") == 0)
            c.parent_pid = argv[++i];
        else if (more && strcmp(argv[i], "--core") == 0)
            c.core = argv[++i];
        else if (more && strcmp(argv[i], "--labs") == 0)
            c.labs = argv[++i];
        else if (more && strcmp(argv[i], "--cache") == 0)
            c.cache = argv[++i];
        else
            return 2;
    }
    if (strcmp(argv[1], "run") != 0 || c.dir == NULL || !events)
        return 2;
    read_job(&c);
    return act(&c);
}
