/* The program as an operator meets it: its commands, their words and their exit statuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/store/testing.h"

/* ---- A data folder, commands on it, and what they said ---- */

struct desk {
    char dir[64], data[96];
    char said[8192]; /* by the last command, on both its outputs */
};

static void setup(struct desk *d)
{
    char path[96];
    *d = (struct desk){.dir = "/tmp/graded-admin-XXXXXX"};
    assert_non_null(mkdtemp(d->dir));
    snprintf(d->data, sizeof d->data, "%s/data", d->dir);
    snprintf(path, sizeof path, "%s/labs", d->dir);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void teardown(struct desk *d)
{
    testing_remove(d->dir);
}

/* Starts `graded` with these arguments; `in` and `out` become its standard input, output and error.
 */
static pid_t start(char *const argv[], int in, int out)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    assert_int_equal(posix_spawn(&pid, GRADED_PROGRAM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int wait_for(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs `graded COMMAND --data DATA`, its words parted by blanks, with `input` typed in; returns its
 * exit status. */
static int run(struct desk *d, const char *command, const char *input)
{
    char words[512], *argv[32] = {(char[]){"graded"}}, *rest = words;
    int in[2], out[2], n = 1;
    snprintf(words, sizeof words, "%s --data %s", command, d->data);
    while ((argv[n] = strsep(&rest, " ")) != NULL)
        n++;
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
    close(in[1]);
    const pid_t pid = start(argv, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    size_t size = 0;
    for (ssize_t got = 1; got > 0; size += (size_t)got)
        got = read(out[0], d->said + size, sizeof d->said - 1 - size);
    d->said[size] = '\0';
    close(out[0]);
    return wait_for(pid);
}

static void expect(struct desk *d, const char *command, int status, const char *words)
{
    const int got = run(d, command, "");
    if (got != status || strstr(d->said, words) == NULL)
        fail_msg("graded %s: status %d, said: %s", command, got, d->said);
}

/* ---- One command at a time ---- */

static void a_new_folder_is_migrated_once_and_is_its_owners_alone(void **state)
{
    (void)state;
    struct desk d;
    struct stat st;
    setup(&d);
    expect(&d, "user list", 1, "make it with `graded migrate`");
    expect(&d, "migrate", 0, "schema 0 -> ");
    expect(&d, "migrate", 0, "nothing to do");
    assert_int_equal(stat(d.data, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    teardown(&d);
}

static void mistakes_on_the_command_line_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *command, *words;
    } table[] = {
        {"fly", "no such command"},
        {"user", "no such command"},
        {"user fly", "no such command"},
        {"user list extra", "expected: graded user list"},
        {"user add", "expected: graded user add LOGIN"},
        {"backup --port 80 file", "does not take --port"},
        {"serve --wings", "--wings: unknown option"},
        {"serve --port 65536", "--port is 65536: expected 0 to 65535"},
        {"serve --port 8o", "--port is '8o'"},
    };
    struct desk d;
    setup(&d);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect(&d, table[i].command, 2, table[i].words);
    expect(&d, "--help", 0, "graded serve [options]");
    expect(&d, "--version", 0, "graded 0.");
    teardown(&d);
}

static void people_are_added_listed_and_put_together(void **state)
{
    (void)state;
    struct desk d;
    setup(&d);
    expect(&d, "migrate", 0, "schema");
    expect(&d, "user add ada --name Lovelace", 0, " ada\n");
    assert_int_equal(run(&d, "user add grace --role instructor --password-stdin", "nanoseconds\n"),
                     0);
    expect(&d, "user add ada", 1, "the login ada is taken");
    expect(&d, "user add eve --role queen", 1, "role is 'queen'");
    expect(&d, "user list", 0, "instructor grace");
    assert_non_null(strstr(d.said, "learner    Lovelace"));
    assert_int_equal(run(&d, "user password ada", "short\n"), 1);
    assert_non_null(strstr(d.said, "password has 5 bytes: expected 8 to 1024"));
    assert_int_equal(run(&d, "user password ada", "long enough\n"), 0);
    expect(&d, "cohort add Autumn", 0, " Autumn\n");
    expect(&d, "cohort member Autumn ada", 0, "");
    expect(&d, "cohort member Autumn grace --role instructor", 0, "");
    expect(&d, "cohort member Winter ada", 1, "no cohort Winter");
    teardown(&d);
}

static void a_token_is_shown_once_and_revoked_by_its_id(void **state)
{
    (void)state;
    struct desk d;
    setup(&d);
    expect(&d, "migrate", 0, "schema");
    expect(&d, "user add ada", 0, "ada");
    expect(&d, "token create ada --scopes read,fly", 1, "scope is 'fly'");
    expect(&d, "token create ada --name laptop --scopes read,submit", 0, " grd_");
    char revoke[128];
    snprintf(revoke, sizeof revoke, "token revoke ada %.26s", d.said);
    expect(&d, revoke, 0, "");
    expect(&d, revoke, 1, "no token");
    teardown(&d);
}

static void a_backup_is_a_database_of_its_own(void **state)
{
    (void)state;
    struct desk d;
    char command[160];
    setup(&d);
    expect(&d, "migrate", 0, "schema");
    expect(&d, "user add ada", 0, "ada");
    snprintf(command, sizeof command, "%s/copy", d.dir);
    assert_int_equal(mkdir(command, 0755), 0);
    snprintf(command, sizeof command, "backup %s/copy/graded.db", d.dir);
    expect(&d, command, 0, "copied and checked");
    expect(&d, command, 1, "exists already");
    expect(&d, "rebuild", 0, "0 were wrong");
    snprintf(d.data, sizeof d.data, "%s/copy", d.dir);
    expect(&d, "user list", 0, " ada ");
    teardown(&d);
}

/* ---- A server ---- */

struct server {
    pid_t pid;
    int out;
    char banner[4096];
};

static void start_demo(struct desk *d, struct server *s)
{
    char labs[96], *const argv[] = {(char[]){"graded"},
                                    (char[]){"demo"},
                                    (char[]){"--data"},
                                    d->data,
                                    (char[]){"--port"},
                                    (char[]){"0"},
                                    (char[]){"--labs"},
                                    labs,
                                    (char[]){"--grade"},
                                    (char[]){FAKE_GRADE},
                                    NULL};
    int out[2];
    snprintf(labs, sizeof labs, "%s/labs", d->dir);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    s->pid = start(argv, STDIN_FILENO, out[1]);
    close(out[1]);
    size_t size = 0;
    for (ssize_t got; strstr(s->banner, "wait=60") == NULL; size += (size_t)got) {
        got = read(out[0], s->banner + size, sizeof s->banner - 1 - size);
        if (got <= 0)
            fail_msg("the demo ended while it started: %s", s->banner);
    }
    s->out = out[0];
}

static int stop(const struct server *s)
{
    kill(s->pid, SIGTERM);
    const int status = wait_for(s->pid);
    close(s->out);
    return status;
}

static void token_of(const struct server *s, char ret[64])
{
    const char *at = strstr(s->banner, "grd_");
    assert_non_null(at);
    snprintf(ret, 64, "%.*s", (int)strcspn(at, "\n' "), at);
}

static void a_demo_is_made_once_and_ends_in_peace(void **state)
{
    (void)state;
    struct desk d;
    struct server first = {0}, second = {0};
    char token[64], again[64], json[160];
    struct stat st;
    setup(&d);
    start_demo(&d, &first);
    token_of(&first, token);
    assert_non_null(strstr(first.banner, "demo-only-ada"));
    assert_int_equal(stop(&first), 0);
    snprintf(json, sizeof json, "%s/demo.json", d.data);
    assert_int_equal(stat(json, &st), 0);
    start_demo(&d, &second);
    token_of(&second, again);
    assert_string_equal(token, again);
    assert_int_equal(stop(&second), 0);
    teardown(&d);
}

static void one_folder_has_one_server_and_any_number_of_visitors(void **state)
{
    (void)state;
    struct desk d;
    struct server s = {0};
    setup(&d);
    start_demo(&d, &s);
    expect(&d, "serve --port 0", 1, "another graded serves");
    expect(&d, "migrate", 1, "another graded serves");
    expect(&d, "user list", 0, " chen ");
    expect(&d, "user add dora", 0, " dora");
    assert_int_equal(stop(&s), 0);
    teardown(&d);
}

/* ---- A host that lacks something ---- */

/* A program beside the desk that answers so, whatever it is asked. */
static void answering(const struct desk *d, const char *answer, char ret[96])
{
    snprintf(ret, 96, "%s/sandbox", d->dir);
    FILE *f = fopen(ret, "we");
    fprintf(f, "#!/bin/sh\necho '%s'\n", answer);
    fclose(f);
    assert_int_equal(chmod(ret, 0755), 0);
}

static void a_strict_server_refuses_a_host_that_lacks_a_guarantee(void **state)
{
    (void)state;
    struct desk d;
    char fake[96], command[192];
    setup(&d);
    answering(&d,
              "{\"usable\":true,\"held\":[\"userns\"],\"missing\":[{\"name\":\"landlock\","
              "\"about\":\"not in this kernel\",\"change\":\"boot another\"}]}",
              fake);
    snprintf(command, sizeof command, "serve --strict --port 0 --sandbox %s", fake);
    expect(&d, command, 1, "lacks landlock: not in this kernel\n  change: boot another\n");
    assert_non_null(strstr(d.said, "--strict: this host lacks 1 guarantee of a cell"));
    snprintf(command, sizeof command, "demo --strict --port 0 --sandbox %s", fake);
    expect(&d, command, 1, "lacks landlock");
    teardown(&d);
}

static void a_strict_server_refuses_where_nobody_answers(void **state)
{
    (void)state;
    struct desk d;
    char fake[96], command[192];
    setup(&d);
    expect(&d, "serve --strict --port 0 --sandbox /no/such", 1, "starting /no/such");
    answering(&d, "all is well", fake);
    snprintf(command, sizeof command, "serve --strict --port 0 --sandbox %s", fake);
    expect(&d, command, 1, "--check gave no answer");
    teardown(&d);
}

/* Whatever this host has: the real program's answer is understood, and a host that has all of it
 * gets as far as the missing database. */
static void a_strict_server_understands_the_real_sandbox(void **state)
{
    (void)state;
    struct desk d;
    setup(&d);
    assert_int_equal(run(&d, "serve --strict --port 0 --sandbox " SANDBOX_PROGRAM, ""), 1);
    assert_true((strstr(d.said, "this host lacks") != NULL) !=
                (strstr(d.said, "make it with `graded migrate`") != NULL));
    teardown(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_folder_is_migrated_once_and_is_its_owners_alone),
        cmocka_unit_test(mistakes_on_the_command_line_are_told),
        cmocka_unit_test(people_are_added_listed_and_put_together),
        cmocka_unit_test(a_token_is_shown_once_and_revoked_by_its_id),
        cmocka_unit_test(a_backup_is_a_database_of_its_own),
        cmocka_unit_test(a_demo_is_made_once_and_ends_in_peace),
        cmocka_unit_test(one_folder_has_one_server_and_any_number_of_visitors),
        cmocka_unit_test(a_strict_server_refuses_a_host_that_lacks_a_guarantee),
        cmocka_unit_test(a_strict_server_refuses_where_nobody_answers),
        cmocka_unit_test(a_strict_server_understands_the_real_sandbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
