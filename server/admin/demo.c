/* demo: a server to try, with people in it. Everything it makes is made once: a second run finds it
 * and prints the same. The passwords are in this file and in the handbook, so they are no secret:
 * a demo is for one's own machine. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/admin/command.h"
#include "server/store/cohort.h"
#include "server/store/token.h"

enum { ARENA_BYTES = 1 << 20, DEMO_JSON_MAX = 4096 };

static const struct person {
    const char *login, *name;
    enum role role;
    const char *password; /* demo only */
} people[] = {{"ines", "Ines Instructor", ROLE_INSTRUCTOR, "demo-only-ines"},
              {"ada", "Ada Learner", ROLE_LEARNER, "demo-only-ada"},
              {"bo", "Bo Learner", ROLE_LEARNER, "demo-only-bo"},
              {"chen", "Chen Learner", ROLE_LEARNER, "demo-only-chen"}};
enum { PEOPLE = sizeof people / sizeof people[0], ADA = 1 };
static const char cohort_name[] = "Demo cohort";
/* The lab of the curl line: its solution is there to be sent in. */
static const char example_lab[] = "3.2";
static const char example_file[] = "module-3/lab-3.2-ggml-formats/solution/formats.c";

struct demo {
    struct store *store;
    struct arena arena;
    char users[PEOPLE][ID_SIZE];
    char secret[TOKEN_SECRET_SIZE]; /* of Ada's token */
};

/* ---- Seeding ---- */

static enum err_code seed_person(struct demo *d, const struct person *p, char ret_id[ID_SIZE],
                                 struct err *why)
{
    struct user user;
    enum err_code rc = user_by_login(d->store, p->login, &d->arena, &user, why);
    if (rc == ERR_NOT_FOUND)
        return user_create(d->store, p->login, p->name, p->role, p->password, ret_id, why);
    if (rc == OK)
        memcpy(ret_id, user.id, ID_SIZE);
    return rc;
}

static enum err_code seed_people(struct demo *d, struct err *why)
{
    char cohort[ID_SIZE];
    enum err_code rc = cohort_by_name(d->store, cohort_name, cohort, why);
    if (rc == ERR_NOT_FOUND)
        rc = cohort_create(d->store, cohort_name, cohort, why);
    for (int i = 0; rc == OK && i < PEOPLE; i++) {
        rc = seed_person(d, &people[i], d->users[i], why);
        if (rc == OK)
            rc = cohort_add(d->store, cohort, d->users[i], people[i].role, why);
    }
    return rc;
}

/* ---- Ada's token, kept in DATA/demo.json: the database has only its hash ---- */

static enum err_code read_secret(struct demo *d, const char *path, struct err *why)
{
    char *text = NULL;
    size_t size = 0;
    const enum err_code rc = file_read(AT_FDCWD, path, DEMO_JSON_MAX, &d->arena, &text, &size, why);
    if (rc != OK)
        return rc;
    json_t *json = json_loadb(text, size, 0, NULL);
    const char *secret = json_string_value(json_object_get(json, "token"));
    snprintf(d->secret, sizeof d->secret, "%s", secret != NULL ? secret : "");
    json_decref(json);
    struct user user;
    unsigned scopes;
    return token_lookup(d->store, d->secret, &d->arena, &user, &scopes, why);
}

static enum err_code write_secret(const struct demo *d, const char *path, struct err *why)
{
    json_t *json = json_pack("{s:s, s:s, s:s}", "note", "for trying out only: keep nothing here",
                             "login", people[ADA].login, "token", d->secret);
    char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
    enum err_code rc = text != NULL ? file_replace(AT_FDCWD, path, text, strlen(text), why)
                                    : err_set(why, ERR_NOMEM, "no memory for %s", path);
    free(text);
    json_decref(json);
    return rc;
}

static enum err_code seed_token(struct demo *d, const char *data, struct err *why)
{
    const char *path = arena_printf(&d->arena, "%s/demo.json", data);
    if (path == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a path");
    enum err_code rc = read_secret(d, path, why);
    if (rc != ERR_NOT_FOUND && rc != ERR_UNAUTHENTICATED)
        return rc;
    struct token token;
    rc = token_create(d->store, d->users[ADA], "demo", SCOPE_SUBMIT | SCOPE_READ, &d->arena, &token,
                      d->secret, why);
    return rc == OK ? write_secret(d, path, why) : rc;
}

/* ---- Telling ---- */

/* "labs" where that is the same folder from here, so that the line is short and can be read. */
static const char *labs_from_here(const struct options *o)
{
    struct stat here, there;
    if (stat("labs", &here) == 0 && stat(o->labs, &there) == 0 && here.st_dev == there.st_dev &&
        here.st_ino == there.st_ino)
        return "labs";
    return o->labs;
}

static void print_demo(void *ctx, const struct options *o, uint16_t port)
{
    const struct demo *d = ctx;
    const bool v6 = strchr(o->listen, ':') != NULL;
    char address[96];
    snprintf(address, sizeof address, "http://%s%s%s:%u", v6 ? "[" : "", o->listen, v6 ? "]" : "",
             port);
    printf("graded serves a demo on %s\n\n", address);
    printf("  %-12s%-18s\n", "login", "password (demo only)");
    for (int i = 0; i < PEOPLE; i++)
        printf("  %-12s%-18s%s\n", people[i].login, people[i].password, role_word(people[i].role));
    printf("\n  token of %s: %s\n\nTry:\n\n", people[ADA].login, d->secret);
    printf("curl -H 'Authorization: Bearer %s' -F 'file=@%s/%s' "
           "'%s/api/v1/labs/%s/submissions?wait=60'\n\n",
           d->secret, labs_from_here(o), example_file, address, example_lab);
}

static void warn_if_public(const struct options *o)
{
    struct in_addr v4;
    const bool loopback =
        (inet_pton(AF_INET, o->listen, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET) ||
        strcmp(o->listen, "::1") == 0;
    if (!loopback)
        fprintf(stderr,
                "graded: a demo on %s: whoever reaches it can sign in, its passwords are "
                "public\n",
                o->listen);
}

static enum err_code seed(struct demo *d, const struct options *o, struct err *why)
{
    enum err_code rc = data_migrate(o->data, NULL, NULL, why);
    if (rc == OK)
        rc = data_open_store(o->data, &d->store, why);
    if (rc == OK)
        rc = seed_people(d, why);
    if (rc == OK)
        rc = seed_token(d, o->data, why);
    return rc;
}

enum err_code command_demo(const struct options *o, struct err *why)
{
    struct demo d = {0};
    int lock = -1;
    serve_block_signals();
    warn_if_public(o);
    arena_init(&d.arena, ARENA_BYTES);
    enum err_code rc = strict_check(o, why);
    if (rc == OK)
        rc = data_lock(o->data, &lock, why);
    if (rc == OK)
        rc = seed(&d, o, why);
    if (rc == OK)
        rc = serve(o, d.store, print_demo, &d, why);
    store_close(d.store);
    arena_done(&d.arena);
    if (lock >= 0)
        close(lock);
    return rc;
}
