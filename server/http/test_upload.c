#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/gzip.h"
#include "server/http/testing.h"
#include "server/http/upload.h"

struct fixture {
    struct arena arena;
    struct str body;
    struct upload up;
    struct err why;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    arena_init(&f->arena, 32 * 1024 * 1024);
    str_init(&f->body, 32 * 1024 * 1024);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_done(&f->arena);
    str_done(&f->body);
    free(f);
    return 0;
}

static enum err_code read_form(struct fixture *f)
{
    return multipart_read("multipart/form-data; boundary=xx", f->body.text, f->body.length,
                          &f->arena, &f->up, &f->why);
}

static enum err_code read_tar(struct fixture *f)
{
    return tarball_read(f->body.text, f->body.length, &f->arena, &f->up, &f->why);
}

static void a_form_gives_its_files_byte_for_byte(void **state)
{
    struct fixture *f = *state;
    form_add(&f->body, "mode", NULL, "full", 4);
    form_add(&f->body, "file", "a.c", "int x;\r\n\0--x\r\n--y", 17);
    form_add(&f->body, "file", "quo\\\"te.c", "", 0);
    form_end(&f->body);
    assert_int_equal(read_form(f), OK);
    assert_int_equal(f->up.count, 3);
    assert_null(f->up.files[0].name);
    assert_string_equal(f->up.files[0].field, "mode");
    assert_string_equal(f->up.files[1].name, "a.c");
    assert_int_equal(f->up.files[1].size, 17);
    assert_memory_equal(f->up.files[1].bytes, "int x;\r\n\0--x\r\n--y", 17);
    assert_string_equal(f->up.files[2].name, "quo\"te.c");
    assert_int_equal(f->up.files[2].size, 0);
}

static void boundaries_are_found_as_clients_write_them(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name, *type, *body;
        enum err_code rc;
    } table[] = {
        {"quoted", "multipart/form-data; charset=x; boundary=\"a b\"",
         "--a b\r\nContent-Disposition: form-data; name=f\r\n\r\n1\r\n--a b--", OK},
        {"after a preamble", "multipart/form-data; boundary=b",
         "hello\r\n--b\r\ncontent-disposition: form-data; name=\"f\"\r\n\r\n1\r\n--b--\r\nbye", OK},
        {"with blanks behind it", "multipart/form-data; boundary=b",
         "--b \r\nContent-Disposition: form-data; name=f\r\n\r\n1\r\n--b--", OK},
        {"no files at all", "multipart/form-data; boundary=b", "--b--\r\n", OK},
        {"none named", "multipart/form-data", "--b--", ERR_FORMAT},
        {"an empty one", "multipart/form-data; boundary=", "----", ERR_FORMAT},
        {"not in the body", "multipart/form-data; boundary=b", "nothing here", ERR_FORMAT},
        {"no end", "multipart/form-data; boundary=b",
         "--b\r\nContent-Disposition: form-data; name=f\r\n\r\n1", ERR_FORMAT},
        {"headers without an end", "multipart/form-data; boundary=b",
         "--b\r\nContent-Disposition: form-data; name=f\r\n", ERR_FORMAT},
        {"no disposition", "multipart/form-data; boundary=b", "--b\r\nX: y\r\n\r\n1\r\n--b--",
         ERR_FORMAT},
        {"a part without a name", "multipart/form-data; boundary=b",
         "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--", ERR_FORMAT},
        {"rubbish behind a boundary", "multipart/form-data; boundary=b", "--b!\r\n", ERR_FORMAT},
        {"an empty body", "multipart/form-data; boundary=b", "", ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const enum err_code rc = multipart_read(table[i].type, table[i].body, strlen(table[i].body),
                                                &f->arena, &f->up, &f->why);
        if (rc != table[i].rc)
            fail_msg("%s: %s", table[i].name, err_code_text(rc));
    }
}

static void a_nul_in_a_name_is_malformed(void **state)
{
    struct fixture *f = *state;
    static const char body[] = "--xx\r\nContent-Disposition: form-data; name=\"file\"; "
                               "filename=\"a.c\0.h\"\r\n\r\n1\r\n--xx--";
    str_add_bytes(&f->body, body, sizeof body - 1);
    assert_int_equal(read_form(f), ERR_FORMAT);
}

static void a_form_has_at_most_so_many_parts(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i <= UPLOAD_FILES_MAX; i++)
        form_add(&f->body, "file", "a.c", "x", 1);
    form_end(&f->body);
    assert_int_equal(read_form(f), ERR_LIMIT);
}

/* Every parser of foreign bytes must survive any bytes; the sanitizer build watches. */
static void mutated_bodies_never_break_the_parsers(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 0x9e3779b97f4a7c15u;
    for (int round = 0; round < 4000; round++) {
        str_clear(&f->body);
        if (round % 2 == 0) {
            form_add(&f->body, "file", "a.c", "int main(void);", 15);
            form_end(&f->body);
        } else {
            tar_add(&f->body, "a.c", '0', "int main(void);", 15);
            tar_end(&f->body);
        }
        for (int hits = 0; hits < 1 + round % 5; hits++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            f->body.text[(random >> 33) % f->body.length] = (char)(random >> 24);
        }
        f->body.length -= (size_t)(random >> 50) % 20;
        const enum err_code rc = round % 2 == 0 ? read_form(f) : read_tar(f);
        if (rc == OK)
            assert_true(f->up.count <= UPLOAD_FILES_MAX);
        arena_reset(&f->arena);
    }
}

static void a_tarball_gives_its_plain_files(void **state)
{
    struct fixture *f = *state;
    tar_add(&f->body, "./", '5', NULL, 0);
    tar_add(&f->body, "./a.c", '0', "int a;", 6);
    tar_add(&f->body, "./._a.c", '0', "mac", 3);
    tar_add(&f->body, "sub/b.c", '0', "int b;", 6);
    tar_end(&f->body);
    struct blob *gzip = gzip_bytes(f->body.text, f->body.length, 6);
    assert_int_equal(read_tar(f), OK);
    assert_int_equal(f->up.count, 2);
    assert_int_equal(
        tarball_read((const char *)gzip->bytes, gzip->size, &f->arena, &f->up, &f->why), OK);
    assert_int_equal(f->up.count, 2);
    assert_string_equal(f->up.files[0].name, "a.c");
    assert_memory_equal(f->up.files[0].bytes, "int a;", 6);
    assert_string_equal(f->up.files[1].name, "sub/b.c");
    blob_drop(gzip);
}

static void what_could_harm_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *what, *name;
        char type;
        enum err_code rc;
    } table[] = {
        {"a way up", "../a.c", '0', ERR_DENIED},
        {"a way up inside", "x/../../a.c", '0', ERR_DENIED},
        {"a way up at the end", "x/..", '5', ERR_DENIED},
        {"an absolute path", "/etc/cron.d/x", '0', ERR_DENIED},
        {"a symbolic link", "a.c", '2', ERR_DENIED},
        {"a hard link", "a.c", '1', ERR_DENIED},
        {"a device", "a.c", '3', ERR_DENIED},
        {"a pipe", "a.c", '6', ERR_DENIED},
        {"two dots in a name are fine", "a..c", '0', OK},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        str_clear(&f->body);
        tar_add(&f->body, table[i].name, table[i].type, table[i].type == '0' ? "x" : NULL,
                table[i].type == '0');
        tar_end(&f->body);
        const enum err_code rc = read_tar(f);
        if (rc != table[i].rc)
            fail_msg("%s: %s", table[i].what, err_code_text(rc));
    }
    assert_int_equal(tarball_read("no tar", 6, &f->arena, &f->up, &f->why), ERR_FORMAT);
}

static void a_bomb_is_not_unpacked(void **state)
{
    struct fixture *f = *state;
    enum { BOMB = 24 * 1024 * 1024 };
    char *zeros = calloc(1, BOMB);
    tar_add(&f->body, "._bomb", '0', zeros, BOMB); /* also where it would only be skipped */
    tar_end(&f->body);
    struct blob *gzip = gzip_bytes(f->body.text, f->body.length, 6);
    assert_int_equal(
        tarball_read((const char *)gzip->bytes, gzip->size, &f->arena, &f->up, &f->why),
        ERR_TOO_LARGE);
    blob_drop(gzip);
    free(zeros);
    str_clear(&f->body);
    for (int i = 0; i <= UPLOAD_ENTRIES_MAX; i++)
        tar_add(&f->body, "d/", '5', NULL, 0);
    tar_end(&f->body);
    assert_int_equal(read_tar(f), ERR_LIMIT);
    str_clear(&f->body);
    for (int i = 0; i <= UPLOAD_FILES_MAX; i++)
        tar_add(&f->body, "a.c", '0', "x", 1);
    tar_end(&f->body);
    assert_int_equal(read_tar(f), ERR_LIMIT);
    str_clear(&f->body);
    tar_add(&f->body, "a.c", '0', NULL, 100); /* promises what does not come */
    assert_int_equal(read_tar(f), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_form_gives_its_files_byte_for_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(boundaries_are_found_as_clients_write_them, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_nul_in_a_name_is_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_form_has_at_most_so_many_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(mutated_bodies_never_break_the_parsers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tarball_gives_its_plain_files, setup, teardown),
        cmocka_unit_test_setup_teardown(what_could_harm_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bomb_is_not_unpacked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
