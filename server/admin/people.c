/* user, token, cohort: who there is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "server/admin/command.h"
#include "server/store/cohort.h"
#include "server/store/token.h"

enum { ARENA_BYTES = 1 << 20 };

/* What each of these commands begins and ends with. */
struct desk {
    struct store *store;
    struct arena arena;
};

static enum err_code desk_open(struct desk *d, const struct options *o, struct err *why)
{
    *d = (struct desk){0};
    arena_init(&d->arena, ARENA_BYTES);
    return data_open_store(o->data, &d->store, why);
}

static enum err_code desk_close(struct desk *d, enum err_code rc)
{
    store_close(d->store);
    arena_done(&d->arena);
    return rc;
}

/* ---- Passwords: from standard input, never from the command line, which others can see ---- */

static bool hide_typing(struct termios *ret_before)
{
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, ret_before) != 0)
        return false;
    struct termios hidden = *ret_before;
    hidden.c_lflag &= (tcflag_t)~ECHO;
    fputs("Password: ", stderr);
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
}

static enum err_code read_password(char ret[PASSWORD_MAX + 2], struct err *why)
{
    struct termios before;
    const bool hidden = hide_typing(&before);
    const bool got = fgets(ret, PASSWORD_MAX + 2, stdin) != NULL;
    if (hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (!got)
        return err_set(why, ERR_INVALID, "no password on standard input");
    ret[strcspn(ret, "\n")] = '\0';
    return OK;
}

/* ---- Users ---- */

enum err_code command_user_add(const struct options *o, struct err *why)
{
    struct desk d;
    char password[PASSWORD_MAX + 2], id[ID_SIZE];
    enum role role = ROLE_LEARNER;
    const char *login = o->rest[0], *name = o->name != NULL ? o->name : login;
    enum err_code rc = desk_open(&d, o, why);
    if (rc == OK && o->role != NULL)
        rc = role_parse(o->role, &role, why);
    if (rc == OK && o->password_from_stdin)
        rc = read_password(password, why);
    if (rc == OK)
        rc = user_create(d.store, login, name, role, o->password_from_stdin ? password : NULL, id,
                         why);
    if (rc == OK)
        printf("%s %s\n", id, login);
    return desk_close(&d, rc);
}

enum err_code command_user_list(const struct options *o, struct err *why)
{
    struct desk d;
    struct user *users = NULL;
    struct page page = {0};
    enum err_code rc = desk_open(&d, o, why);
    while (rc == OK) {
        rc = user_list(d.store, page.next, 0, &d.arena, &users, &page, why);
        for (size_t i = 0; rc == OK && i < page.count; i++)
            printf("%s %-20s %-10s %s\n", users[i].id, users[i].login, role_word(users[i].role),
                   users[i].name);
        if (rc != OK || page.next[0] == '\0')
            break;
        arena_reset(&d.arena);
    }
    return desk_close(&d, rc);
}

enum err_code command_user_password(const struct options *o, struct err *why)
{
    struct desk d;
    struct user user;
    char password[PASSWORD_MAX + 2];
    enum err_code rc = desk_open(&d, o, why);
    if (rc == OK)
        rc = user_by_login(d.store, o->rest[0], &d.arena, &user, why);
    if (rc == OK)
        rc = read_password(password, why);
    if (rc == OK)
        rc = user_set_password(d.store, user.id, password, why);
    return desk_close(&d, rc);
}

/* ---- Tokens ---- */

/* "submit,read" */
static enum err_code parse_scopes(const char *text, unsigned *ret, struct err *why)
{
    unsigned set = 0;
    while (*text != '\0') {
        char word[32];
        enum token_scope scope;
        const size_t length = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        const enum err_code rc = scope_parse(word, &scope, why);
        if (rc != OK)
            return rc;
        set |= scope;
        text += length + (text[length] == ',');
    }
    *ret = set;
    return OK;
}

enum err_code command_token_create(const struct options *o, struct err *why)
{
    struct desk d;
    struct user user;
    struct token token;
    unsigned scopes = SCOPE_SUBMIT | SCOPE_READ;
    char secret[TOKEN_SECRET_SIZE];
    enum err_code rc = desk_open(&d, o, why);
    if (rc == OK && o->scopes != NULL)
        rc = parse_scopes(o->scopes, &scopes, why);
    if (rc == OK)
        rc = user_by_login(d.store, o->rest[0], &d.arena, &user, why);
    if (rc == OK)
        rc = token_create(d.store, user.id, o->name != NULL ? o->name : "command line", scopes,
                          &d.arena, &token, secret, why);
    if (rc == OK)
        printf("%s %s\n", token.id, secret);
    return desk_close(&d, rc);
}

enum err_code command_token_revoke(const struct options *o, struct err *why)
{
    struct desk d;
    struct user user;
    enum err_code rc = desk_open(&d, o, why);
    if (rc == OK)
        rc = user_by_login(d.store, o->rest[0], &d.arena, &user, why);
    if (rc == OK)
        rc = token_revoke(d.store, user.id, o->rest[1], why);
    return desk_close(&d, rc);
}

/* ---- Cohorts ---- */

enum err_code command_cohort_add(const struct options *o, struct err *why)
{
    struct desk d;
    char id[ID_SIZE];
    enum err_code rc = desk_open(&d, o, why);
    if (rc == OK)
        rc = cohort_create(d.store, o->rest[0], id, why);
    if (rc == OK)
        printf("%s %s\n", id, o->rest[0]);
    return desk_close(&d, rc);
}

enum err_code command_cohort_member(const struct options *o, struct err *why)
{
    struct desk d;
    struct user user;
    char cohort[ID_SIZE];
    enum role role = ROLE_LEARNER;
    enum err_code rc = desk_open(&d, o, why);
    if (rc == OK && o->role != NULL)
        rc = role_parse(o->role, &role, why);
    if (rc == OK)
        rc = cohort_by_name(d.store, o->rest[0], cohort, why);
    if (rc == OK)
        rc = user_by_login(d.store, o->rest[1], &d.arena, &user, why);
    if (rc == OK)
        rc = cohort_add(d.store, cohort, user.id, role, why);
    return desk_close(&d, rc);
}
