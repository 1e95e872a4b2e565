#include "server/dispatch/job_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "grader/report/report.h"

/* ---- Removing ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    remove(path); /* what cannot be removed now is removed at the next start */
    return 0;
}

void job_dir_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

enum err_code job_dir_clear(const char *jobs, struct err *why)
{
    enum err_code rc = file_make_dirs(jobs, why);
    if (rc != OK)
        return rc;
    DIR *dir = opendir(jobs);
    if (dir == NULL)
        return err_sys(why, ERR_IO, errno, "%s", jobs);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[4096];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", jobs, e->d_name) < sizeof path)
            job_dir_remove(path);
    }
    closedir(dir);
    return OK;
}

/* ---- Laying out ---- */

static enum err_code write_new(int dir, const char *name, const void *bytes, size_t size,
                               struct err *why)
{
    const int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "%s", name);
    const enum err_code rc = file_write_all(fd, bytes, size, why);
    close(fd);
    return rc;
}

static enum err_code write_sources(int dir, struct store *store, const struct job *job,
                                   struct err *why)
{
    enum err_code rc = OK;
    struct arena a;
    arena_init(&a, SUBMISSION_BYTES_MAX + 4096);
    for (size_t i = 0; rc == OK && i < job->n_files; i++) {
        const char *bytes = NULL;
        size_t size = 0;
        rc = submission_file_read(store, job->submission, job->files[i].name, &a, &bytes, &size,
                                  why);
        if (rc == OK)
            rc = write_new(dir, job->files[i].name, bytes, size, why);
        arena_reset(&a);
    }
    arena_done(&a);
    return rc;
}

static enum err_code write_job_json(int dir, const struct job *job, struct err *why)
{
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:s}", "submission", job->submission, "lab", job->lab, "seed",
                  (json_int_t)job->seed, "mode", submission_mode_word(job->mode));
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    const enum err_code rc = text != NULL ? write_new(dir, "job.json", text, strlen(text), why)
                                          : err_set(why, ERR_NOMEM, "no memory for job.json");
    free(text);
    json_decref(json);
    return rc;
}

static enum err_code open_new_dir(int at, const char *name, int *ret, struct err *why)
{
    if (mkdirat(at, name, 0755) != 0)
        return err_sys(why, ERR_IO, errno, "%s", name);
    *ret = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret >= 0 ? OK : err_sys(why, ERR_IO, errno, "%s", name);
}

enum err_code job_dir_make(const char *jobs, struct store *store, const struct job *job,
                           struct arena *a, const char **ret_path, struct err *why)
{
    const char *path = arena_printf(a, "%s/%s-%d", jobs, job->submission, job->attempt);
    if (path == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a path");
    int dir = -1, sources = -1;
    job_dir_remove(path);
    enum err_code rc = open_new_dir(AT_FDCWD, path, &dir, why);
    if (rc == OK)
        rc = open_new_dir(dir, "submission", &sources, why);
    if (rc == OK)
        rc = write_sources(sources, store, job, why);
    if (rc == OK)
        rc = write_job_json(dir, job, why);
    if (sources >= 0)
        close(sources);
    if (dir >= 0)
        close(dir);
    if (rc != OK)
        job_dir_remove(path);
    else
        *ret_path = path;
    return rc;
}

enum err_code job_dir_report(const char *path, struct arena *a, char **ret_json, size_t *ret_size,
                             struct err *why)
{
    const char *name = arena_printf(a, "%s/report.json", path);
    if (name == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a path");
    return file_read(AT_FDCWD, name, REPORT_JSON_MAX, a, ret_json, ret_size, why);
}
