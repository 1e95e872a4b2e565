/* Results come over the trust line by descriptor: whatever a stranger makes of the work directory,
 * the host opens one plain file of one name in it, or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/take.h"

struct fixture {
    char path[64];
    int dir;
};

static void make_file(int dir, const char *name, const char *text)
{
    const int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->path, sizeof f->path, "/tmp/graded-take-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->dir = open(f->path, O_RDONLY | O_DIRECTORY);
    *state = f;
    mkdirat(f->dir, "sub", 0700);
    make_file(f->dir, "a", "12345");
    make_file(f->dir, "sub/b", "in a directory");
    make_file(f->dir, "two names", "x");
    linkat(f->dir, "two names", f->dir, "again", 0);
    symlinkat("a", f->dir, "link");
    symlinkat("/etc/passwd", f->dir, "link out");
    symlinkat("sub", f->dir, "link to sub");
    mkfifoat(f->dir, "fifo", 0600);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", f->path);
    const int s = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
    close(s);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"a",    "sub/b",    "two names",   "again", "link",
                                        "fifo", "link out", "link to sub", "socket"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlinkat(f->dir, names[i], 0);
    unlinkat(f->dir, "sub", AT_REMOVEDIR);
    rmdir(f->path);
    close(f->dir);
    free(f);
    return 0;
}

static void only_a_plain_file_of_its_own_is_taken(void **state)
{
    static const struct {
        const char *name;
        enum err_code rc;
    } table[] = {
        {"a", OK},
        {"sub/b", OK},
        {"missing", ERR_NOT_FOUND},
        {"link", ERR_INVALID},
        {"link out", ERR_INVALID},
        {"link to sub/b", ERR_INVALID},
        {"fifo", ERR_INVALID},
        {"socket", ERR_INVALID},
        {"sub", ERR_INVALID},
        {".", ERR_INVALID},
        {"..", ERR_INVALID},
        {"../etc/passwd", ERR_INVALID},
        {"/etc/passwd", ERR_INVALID},
        {"two names", ERR_INVALID},
        {"again", ERR_INVALID},
    };
    const struct fixture *f = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int fd = -1;
        const enum err_code rc = take_file(f->dir, table[i].name, 100, &fd, NULL);
        if (rc != table[i].rc || (rc == OK) != (fd >= 0))
            fail_msg("'%s' gave %s: expected %s", table[i].name, err_code_text(rc),
                     err_code_text(table[i].rc));
        if (fd >= 0)
            close(fd);
    }
}

static void a_file_may_fill_its_bound_and_not_pass_it(void **state)
{
    const struct fixture *f = *state;
    int fd = -1;
    assert_int_equal(take_file(f->dir, "a", 4, &fd, NULL), ERR_TOO_LARGE);
    assert_int_equal(fd, -1);
    assert_int_equal(take_file(f->dir, "a", 5, &fd, NULL), OK);
    close(fd);
}

static void what_was_taken_cannot_change(void **state)
{
    const struct fixture *f = *state;
    char text[16] = "";
    int fd = -1;
    assert_int_equal(take_file(f->dir, "a", 100, &fd, NULL), OK);
    make_file(f->dir, "a", "other");
    assert_int_equal(read(fd, text, sizeof text), 5);
    assert_string_equal(text, "12345");
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 0), -1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_a_plain_file_of_its_own_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_may_fill_its_bound_and_not_pass_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_taken_cannot_change, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
