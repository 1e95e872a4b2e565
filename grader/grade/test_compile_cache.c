/* What a compile cache keeps, what it refuses, what goes when it is full. */
#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "grader/grade/compile_cache.h"

enum { PLENTY = 1 << 30 };
static const char SAID[] = "a.c:1: warning: a stranger's \"words\"";

struct bench {
    char dir[64];
    struct arena a;
    struct compile_cache cache;
};

static void setup(struct bench *b, int64_t max_bytes)
{
    strcpy(b->dir, "/tmp/graded-cache-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    arena_init(&b->a, 64 << 20);
    compile_cache_open(&b->cache, b->dir, max_bytes);
    assert_int_equal(b->cache.trouble.code, OK);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void teardown(struct bench *b)
{
    compile_cache_close(&b->cache);
    arena_done(&b->a);
    assert_int_equal(nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static struct compile_key key_of(const char *a, const char *b)
{
    struct compile_hash h;
    struct compile_key key;
    compile_hash_init(&h);
    compile_hash_add_text(&h, a);
    compile_hash_add_text(&h, b);
    compile_hash_done(&h, &key);
    return key;
}

/* An image of `size` bytes, all of them `fill`. */
static int image_of(size_t size, int fill)
{
    const int fd = memfd_create("test", MFD_CLOEXEC);
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, fill, size);
    assert_int_equal(file_write_all(fd, bytes, size, NULL), OK);
    free(bytes);
    return fd;
}

static void put(struct bench *b, const char *name, size_t size, int fill)
{
    const struct compile_key key = key_of(name, NULL);
    const struct compile_result r = {.compiled = true,
                                     .wall_us = 11,
                                     .cpu_us = 22,
                                     .peak_bytes = 33,
                                     .said = SAID,
                                     .said_size = strlen(SAID),
                                     .image_fd = image_of(size, fill)};
    compile_cache_put(&b->cache, &key, &r);
    assert_int_equal(close(r.image_fd), 0);
}

static bool get(struct bench *b, const char *name, struct compile_result *ret)
{
    const struct compile_key key = key_of(name, NULL);
    return compile_cache_get(&b->cache, &key, &b->a, ret);
}

/* The image is whole, is `fill` all through, and nobody can change it. */
static void check_image(int fd, size_t size, int fill)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, size);
    const uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(bytes != MAP_FAILED);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != fill)
            fail_msg("byte %zu of the image is %d", i, bytes[i]);
    munmap((void *)(uintptr_t)bytes, size);
    assert_true(write(fd, "x", 1) < 0);
    close(fd);
}

static bool is_there(struct bench *b, const char *name)
{
    struct compile_result r;
    if (!get(b, name, &r))
        return false;
    close(r.image_fd);
    return true;
}

static void path_of(const struct bench *b, const char *name, char ret[256])
{
    const struct compile_key key = key_of(name, NULL);
    char hex[2 * COMPILE_KEY_SIZE + 1];
    sodium_bin2hex(hex, sizeof hex, key.bytes, sizeof key.bytes);
    snprintf(ret, 256, "%s/compile/%.2s/%s", b->dir, hex, hex);
}

/* ---- keeping ---- */

static void what_was_kept_comes_back(void **state)
{
    (void)state;
    struct bench b;
    struct compile_result r;
    setup(&b, PLENTY);
    assert_false(get(&b, "one", &r));
    put(&b, "one", 5000, 7);
    assert_int_equal(b.cache.trouble.code, OK);
    assert_true(get(&b, "one", &r));
    assert_true(r.compiled);
    assert_int_equal(r.wall_us, 11);
    assert_int_equal(r.cpu_us, 22);
    assert_int_equal(r.peak_bytes, 33);
    assert_int_equal(r.said_size, strlen(SAID));
    assert_string_equal(r.said, SAID);
    check_image(r.image_fd, 5000, 7);
    assert_false(get(&b, "two", &r));
    teardown(&b);
}

static void sources_that_are_wrong_have_words_and_no_image(void **state)
{
    (void)state;
    struct bench b;
    struct compile_result r;
    const struct compile_key key = key_of("wrong", NULL);
    setup(&b, PLENTY);
    compile_cache_put(&b.cache, &key,
                      &(struct compile_result){.said = "no", .said_size = 2, .image_fd = -1});
    assert_true(get(&b, "wrong", &r));
    assert_false(r.compiled);
    assert_string_equal(r.said, "no");
    assert_int_equal(r.image_fd, -1);
    teardown(&b);
}

static void another_process_finds_it(void **state)
{
    (void)state;
    struct bench b;
    setup(&b, PLENTY);
    put(&b, "one", 5000, 7);
    compile_cache_close(&b.cache);
    compile_cache_open(&b.cache, b.dir, PLENTY);
    assert_true(is_there(&b, "one"));
    teardown(&b);
}

static void no_two_lists_have_one_key(void **state)
{
    (void)state;
    static const char *const lists[][2] = {{"ab", "c"}, {"a", "bc"},   {"abc", ""},
                                           {"", "abc"}, {"abc", NULL}, {NULL, "abc"}};
    enum { N = sizeof lists / sizeof lists[0] };
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i; j++) {
            const struct compile_key x = key_of(lists[i][0], lists[i][1]);
            const struct compile_key y = key_of(lists[j][0], lists[j][1]);
            if (memcmp(&x, &y, sizeof x) == 0)
                fail_msg("lists %zu and %zu", i, j);
        }
}

static void without_a_folder_all_is_a_miss(void **state)
{
    (void)state;
    struct bench b = {.dir = ""};
    arena_init(&b.a, 1 << 20);
    compile_cache_open(&b.cache, NULL, PLENTY);
    put(&b, "one", 100, 1);
    assert_false(is_there(&b, "one"));
    assert_int_equal(b.cache.trouble.code, OK);
    arena_done(&b.a);
}

/* ---- trust ---- */

static void edit(const char *path, off_t at)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void spoil_version(const char *path)
{
    edit(path, 7);
}
static void spoil_key(const char *path)
{
    edit(path, 8);
}
static void spoil_kind(const char *path)
{
    edit(path, 40);
}
static void spoil_time(const char *path)
{
    edit(path, 48);
}
static void spoil_size(const char *path)
{
    edit(path, 80);
}
static void spoil_image(const char *path)
{
    edit(path, 3000);
}
static void cut_end(const char *path)
{
    assert_int_equal(truncate(path, 4000), 0);
}
static void cut_header(const char *path)
{
    assert_int_equal(truncate(path, 80), 0);
}
static void cut_all(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void add_byte(const char *path)
{
    const int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static void put_fifo(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
}

/* To the very entry: right bytes, but who made the link could make it point elsewhere later. */
static void put_link(const char *path)
{
    char moved[300];
    snprintf(moved, sizeof moved, "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(moved, path), 0);
}

static void give_away(const char *path)
{
    if (geteuid() != 0) /* only root can: for others it is a byte more */
        add_byte(path);
    else
        assert_int_equal(chown(path, 12345, 12345), 0);
}

static void what_is_not_ours_and_whole_is_a_miss_and_goes(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*spoil)(const char *path);
    } table[] = {
        {"another version", spoil_version},
        {"another key", spoil_key},
        {"another kind", spoil_kind},
        {"another time", spoil_time},
        {"another size", spoil_size},
        {"another image", spoil_image},
        {"no end", cut_end},
        {"no header", cut_header},
        {"nothing", cut_all},
        {"a byte too many", add_byte},
        {"a pipe", put_fifo},
        {"a link", put_link},
        {"another user's", give_away},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct bench b;
        struct stat st;
        char path[256];
        setup(&b, PLENTY);
        put(&b, "one", 5000, 7);
        path_of(&b, "one", path);
        table[i].spoil(path);
        if (is_there(&b, "one"))
            fail_msg("%s was a hit", table[i].what);
        if (lstat(path, &st) == 0)
            fail_msg("%s is still there", table[i].what);
        put(&b, "one", 5000, 7);
        if (!is_there(&b, "one"))
            fail_msg("after %s nothing is kept", table[i].what);
        teardown(&b);
    }
}

static void a_folder_that_is_not_the_users_alone_is_not_used(void **state)
{
    (void)state;
    static const mode_t modes[] = {0755, 0770, 0701, 0720};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct bench b;
        char path[96];
        setup(&b, PLENTY);
        put(&b, "one", 5000, 7);
        compile_cache_close(&b.cache);
        snprintf(path, sizeof path, "%s/compile", b.dir);
        assert_int_equal(chmod(path, modes[i]), 0);
        compile_cache_open(&b.cache, b.dir, PLENTY);
        assert_int_equal(b.cache.trouble.code, ERR_INVALID);
        assert_non_null(strstr(b.cache.trouble.text, "expected 700"));
        assert_false(is_there(&b, "one"));
        teardown(&b);
    }
}

static void a_link_is_no_folder_of_ours(void **state)
{
    (void)state;
    struct bench b;
    char path[96], elsewhere[96];
    setup(&b, PLENTY);
    compile_cache_close(&b.cache);
    snprintf(path, sizeof path, "%s/compile", b.dir);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", b.dir);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, path), 0);
    compile_cache_open(&b.cache, b.dir, PLENTY);
    assert_int_equal(b.cache.trouble.code, ERR_IO);
    assert_int_equal(b.cache.dir, -1);
    teardown(&b);
}

static void only_the_user_may_look(void **state)
{
    (void)state;
    struct bench b;
    struct stat st;
    char path[256];
    setup(&b, PLENTY);
    put(&b, "one", 5000, 7);
    path_of(&b, "one", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/compile", b.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    teardown(&b);
}

/* ---- room ---- */

enum { ROOM = 4 << 20, BIG = 400 * 1024 }; /* ten fit */

static void age(const struct bench *b, const char *name, time_t seconds)
{
    char path[256];
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
    path_of(b, name, path);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void put_many(struct bench *b, char first, int count)
{
    for (int i = 0; i < count; i++) {
        const char name[] = {(char)(first + i), '\0'};
        put(b, name, BIG, i);
        age(b, name, 1000 + i);
    }
}

static void what_was_used_longest_ago_goes_first(void **state)
{
    (void)state;
    struct bench b;
    setup(&b, ROOM);
    put_many(&b, 'a', 10);
    assert_true(is_there(&b, "a")); /* now the youngest */
    put(&b, "z", BIG, 1);
    assert_true(is_there(&b, "a"));
    assert_true(is_there(&b, "z"));
    assert_false(is_there(&b, "b"));
    assert_false(is_there(&b, "c"));
    assert_true(is_there(&b, "j"));
    assert_int_equal(b.cache.trouble.code, OK);
    teardown(&b);
}

static int64_t total;
static int add_size(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)path, (void)ftw;
    total += kind == FTW_F ? st->st_size : 0;
    return 0;
}

/* Bytes of all files below. */
static int64_t sum_of(const char *dir)
{
    total = 0;
    assert_int_equal(nftw(dir, add_size, 16, FTW_PHYS), 0);
    return total;
}

static void it_never_holds_more_than_it_may(void **state)
{
    (void)state;
    struct bench b;
    setup(&b, ROOM);
    for (int i = 0; i < 30; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        put(&b, name, BIG, i);
        assert_true(is_there(&b, name));
        if (sum_of(b.dir) > ROOM)
            fail_msg("%lld bytes after %d entries", (long long)sum_of(b.dir), i + 1);
    }
    teardown(&b);
}

static void small_entries_are_bounded_in_number(void **state)
{
    (void)state;
    struct bench b;
    setup(&b, 1 << 20); /* 64 times 16 KiB */
    int there = 0;
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        put(&b, name, 10, i);
    }
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        there += is_there(&b, name);
    }
    assert_in_range(there, 50, 64);
    teardown(&b);
}

static void what_takes_an_eighth_is_not_kept(void **state)
{
    (void)state;
    struct bench b;
    setup(&b, ROOM);
    put(&b, "huge", ROOM / 8, 1);
    assert_false(is_there(&b, "huge"));
    assert_int_equal(b.cache.trouble.code, OK);
    teardown(&b);
}

static void a_lost_sum_is_counted_anew(void **state)
{
    (void)state;
    static const char *const sums[] = {"", "x", "\xff\xff\xff\xff\xff\xff\xff\x7f",
                                       "\xff\xff\xff\xff\xff\xff\xff\xff"};
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        struct bench b;
        char path[96];
        setup(&b, ROOM);
        put_many(&b, 'a', 10);
        snprintf(path, sizeof path, "%s/compile/usage", b.dir);
        const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        assert_int_equal(write(fd, sums[i], strlen(sums[i])), strlen(sums[i]));
        close(fd);
        put(&b, "z", BIG, 1);
        assert_true(is_there(&b, "z"));
        assert_false(is_there(&b, "a"));
        assert_true(sum_of(b.dir) <= ROOM);
        teardown(&b);
    }
}

/* ---- several at once ---- */

/* Every image read back is one that was put under its name, whatever the others do meanwhile. */
static int race(const char *dir)
{
    struct bench b;
    snprintf(b.dir, sizeof b.dir, "%s", dir);
    arena_init(&b.a, 64 << 20);
    compile_cache_open(&b.cache, b.dir, ROOM);
    for (int i = 0; i < 60; i++) {
        const char name[] = {(char)('a' + i * 7 % 13), '\0'};
        struct compile_result r;
        put(&b, name, BIG, name[0]);
        if (get(&b, name, &r))
            check_image(r.image_fd, BIG, name[0]);
    }
    const int failed = b.cache.trouble.code != OK;
    compile_cache_close(&b.cache);
    arena_done(&b.a);
    return failed;
}

static void graders_at_once_do_not_disturb_each_other(void **state)
{
    (void)state;
    enum { GRADERS = 4 };
    struct bench b;
    pid_t pids[GRADERS];
    setup(&b, ROOM);
    for (int i = 0; i < GRADERS; i++)
        if ((pids[i] = fork()) == 0)
            _exit(race(b.dir));
    for (int i = 0; i < GRADERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_true(sum_of(b.dir) <= ROOM);
    teardown(&b);
}

int main(void)
{
    assert(sodium_init() >= 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_comes_back),
        cmocka_unit_test(sources_that_are_wrong_have_words_and_no_image),
        cmocka_unit_test(another_process_finds_it),
        cmocka_unit_test(no_two_lists_have_one_key),
        cmocka_unit_test(without_a_folder_all_is_a_miss),
        cmocka_unit_test(what_is_not_ours_and_whole_is_a_miss_and_goes),
        cmocka_unit_test(a_folder_that_is_not_the_users_alone_is_not_used),
        cmocka_unit_test(a_link_is_no_folder_of_ours),
        cmocka_unit_test(only_the_user_may_look),
        cmocka_unit_test(what_was_used_longest_ago_goes_first),
        cmocka_unit_test(it_never_holds_more_than_it_may),
        cmocka_unit_test(small_entries_are_bounded_in_number),
        cmocka_unit_test(what_takes_an_eighth_is_not_kept),
        cmocka_unit_test(a_lost_sum_is_counted_anew),
        cmocka_unit_test(graders_at_once_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
