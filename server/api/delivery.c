#include "server/api/delivery.h"

#include <string.h>

#include "server/http/upload.h"

/* "formats.c", or "a.c and b.c" */
static const char *wanted_names(struct http_request *r, const struct lab *lab)
{
    const char *names = lab->files[0].name;
    for (size_t i = 1; i < lab->n_files; i++)
        names = arena_printf(http_arena(r), "%s%s%s", names, i + 1 < lab->n_files ? ", " : " and ",
                             lab->files[i].name);
    return names;
}

static const struct lab_file_rule *rule_for(const struct lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->n_files; i++)
        if (strcmp(lab->files[i].name, name) == 0)
            return &lab->files[i];
    return NULL;
}

/* ---- One way each to send files ---- */

static bool read_form(struct http_request *r, const char *body, size_t size, struct upload *up)
{
    struct err why = {0};
    const enum err_code rc =
        multipart_read(http_header(r, "Content-Type"), body, size, http_arena(r), up, &why);
    if (rc == ERR_LIMIT)
        http_problem_at(r, PROBLEM_INVALID, "/files", "%s", why.text);
    else if (rc != OK)
        http_problem(r, PROBLEM_BAD_MULTIPART, "%s", why.text);
    if (rc != OK)
        return false;
    size_t n = 0; /* other fields of a form are not ours to judge */
    for (size_t i = 0; i < up->count; i++)
        if (up->files[i].name != NULL || strcmp(up->files[i].field, "file") == 0)
            up->files[n++] = up->files[i];
    up->count = n;
    return true;
}

/* `tar cz .` sends all that lies about; what the lab wants is picked from it. */
static bool read_tarball(struct http_request *r, const struct lab *lab, const char *body,
                         size_t size, struct upload *up)
{
    struct err why = {0};
    const enum err_code rc = tarball_read(body, size, http_arena(r), up, &why);
    if (rc == ERR_TOO_LARGE)
        http_problem_at(r, PROBLEM_TOO_LARGE, "/files", "%s", why.text);
    else if (rc == ERR_NOMEM)
        http_problem_err(r, &why);
    else if (rc != OK)
        http_problem_at(r, PROBLEM_BAD_ARCHIVE, "/files", "%s", why.text);
    if (rc != OK)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < up->count; i++)
        if (rule_for(lab, up->files[i].name) != NULL)
            up->files[n++] = up->files[i];
    up->count = n;
    return true;
}

/* The body is the file. */
static bool read_raw(struct http_request *r, const char *body, size_t size, struct upload *up)
{
    up->count = 1;
    up->files[0] = (struct upload_file){.name = http_query(r, "name"), .bytes = body, .size = size};
    return true;
}

static bool is_one_of(const char *type, const char *const *types)
{
    for (; *types != NULL; types++)
        if (strcmp(type, *types) == 0)
            return true;
    return false;
}

static bool read_any(struct http_request *r, const struct lab *lab, struct upload *up)
{
    static const char *const raw[] = {"text/x-c", "text/x-csrc", "text/plain",
                                      "application/octet-stream", NULL};
    static const char *const tar[] = {"application/gzip", "application/x-gzip", "application/x-tar",
                                      "application/tar+gzip", NULL};
    const char *type = http_media_type(r);
    size_t size;
    const char *body = http_body(r, &size);
    if (strcmp(type, "multipart/form-data") == 0)
        return read_form(r, body, size, up);
    if (is_one_of(type, raw))
        return read_raw(r, body, size, up);
    if (is_one_of(type, tar))
        return read_tarball(r, lab, body, size, up);
    http_problem(r, PROBLEM_MEDIA_TYPE,
                 "'%.60s' is not taken: send a form (curl -F file=@%s), the file itself "
                 "(-H 'Content-Type: text/x-c'), or a tarball (application/gzip)",
                 type, lab->files[0].name);
    return false;
}

/* ---- Are they what the lab wants? ---- */

static bool check_file(struct http_request *r, const struct lab *lab, struct upload_file *file,
                       size_t i, const struct delivery *so_far)
{
    const char *pointer = arena_printf(http_arena(r), "/files/%zu", i);
    const char *name_pointer = arena_printf(http_arena(r), "/files/%zu/name", i);
    if ((file->name == NULL || file->name[0] == '\0') && lab->n_files == 1)
        file->name = lab->files[0].name; /* there is only one that it can be */
    if (file->name == NULL || file->name[0] == '\0') {
        http_problem_at(r, PROBLEM_INVALID, name_pointer, "the file has no name: lab %s wants %s",
                        lab->id, wanted_names(r, lab));
        return false;
    }
    const struct lab_file_rule *rule = rule_for(lab, file->name);
    if (rule == NULL)
        http_problem_at(r, PROBLEM_INVALID, name_pointer,
                        "the file is called '%.80s': lab %s wants %s", file->name, lab->id,
                        wanted_names(r, lab));
    else if (file->size > rule->max_bytes)
        http_problem_at(r, PROBLEM_TOO_LARGE, pointer, "%s has %zu bytes: at most %zu are taken",
                        rule->name, file->size, rule->max_bytes);
    else if (file->size == 0)
        http_problem_at(r, PROBLEM_INVALID, pointer, "%s is empty", rule->name);
    for (size_t k = 0; k < so_far->n_files; k++)
        if (strcmp(so_far->files[k].name, file->name) == 0)
            http_problem_at(r, PROBLEM_INVALID, name_pointer, "%s is there twice", file->name);
    return !http_answered(r);
}

static bool has_file(const struct delivery *in, const char *name)
{
    for (size_t i = 0; i < in->n_files; i++)
        if (strcmp(in->files[i].name, name) == 0)
            return true;
    return false;
}

bool delivery_read(struct http_request *r, const struct lab *lab, struct delivery *ret)
{
    struct upload *up = arena_alloc(http_arena(r), sizeof *up);
    if (up == NULL) {
        http_problem(r, PROBLEM_UNAVAILABLE, "out of memory");
        return false;
    }
    if (!read_any(r, lab, up))
        return false;
    ret->n_files = 0;
    for (size_t i = 0; i < up->count; i++) {
        if (!check_file(r, lab, &up->files[i], i, ret))
            return false;
        ret->files[ret->n_files++] = (struct submission_source){
            .name = up->files[i].name, .bytes = up->files[i].bytes, .size = up->files[i].size};
    }
    for (size_t i = 0; i < lab->n_files; i++)
        if (!has_file(ret, lab->files[i].name)) {
            http_problem_at(r, PROBLEM_INVALID, "/files", "%s is missing: lab %s wants %s",
                            lab->files[i].name, lab->id, wanted_names(r, lab));
            return false;
        }
    return true;
}
