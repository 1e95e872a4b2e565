#include "grader/grade/job.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { JOB_JSON_MAX = 64 * 1024 };

static enum err_code read_seed(const json_t *root, struct job *job, struct err *why)
{
    const json_t *seed = json_object_get(root, "seed");
    if (seed == NULL)
        return OK;
    if (!json_is_integer(seed) || json_integer_value(seed) < 0 ||
        json_integer_value(seed) >= (json_int_t)1 << 53)
        return err_set(why, ERR_FORMAT, "job.json: seed: expected a whole number below 2^53");
    job->has_seed = true;
    job->seed = (uint64_t)json_integer_value(seed);
    return OK;
}

static enum err_code read_root(const json_t *root, struct arena *a, struct job *job,
                               struct err *why)
{
    const char *lab = json_string_value(json_object_get(root, "lab"));
    const char *mode = json_string_value(json_object_get(root, "mode"));
    if (lab == NULL)
        return err_set(why, ERR_FORMAT, "job.json: lab: expected a string");
    if (mode == NULL || (strcmp(mode, "full") != 0 && strcmp(mode, "visible") != 0))
        return err_set(why, ERR_FORMAT, "job.json: mode: expected \"full\" or \"visible\"");
    job->lab = arena_strdup(a, lab);
    job->visible_only = strcmp(mode, "visible") == 0;
    return read_seed(root, job, why);
}

enum err_code job_parse(const char *json, size_t size, struct arena *a, struct job *ret,
                        struct err *why)
{
    json_error_t at;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL)
        return err_set(why, ERR_FORMAT, "job.json: line %d: %s", at.line, at.text);
    struct job job = {0};
    const enum err_code rc = read_root(root, a, &job, why);
    json_decref(root);
    if (rc == OK)
        *ret = job;
    return rc;
}

enum err_code job_read(const char *dir, struct arena *a, struct job *ret, struct err *why)
{
    char *json;
    size_t size;
    const enum err_code rc = file_read(AT_FDCWD, arena_printf(a, "%s/job.json", dir), JOB_JSON_MAX,
                                       a, &json, &size, why);
    return rc == OK ? job_parse(json, size, a, ret, why) : rc;
}

enum err_code job_write_report(const char *dir, const struct report *r, struct err *why)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "%s", dir);
    struct str json;
    str_init(&json, REPORT_JSON_MAX);
    report_write_json(r, &json);
    const enum err_code rc =
        json.cut ? err_set(why, ERR_TOO_LARGE, "the report is over %d bytes", REPORT_JSON_MAX)
                 : file_replace(fd, "report.json", json.text, json.length, why);
    str_done(&json);
    close(fd);
    return rc;
}
