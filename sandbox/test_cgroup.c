/* Which files of a control group tree are written, with what. The trees are ordinary directories:
 * so what is tried here is our side of hosts that this one is not, v2 with controllers above all;
 * that kernels do what the files say is theirs. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/cgroup.h"

static char root[] = "/tmp/graded-cgroup-XXXXXX";

static int make_root(void **state)
{
    (void)state;
    memset(root + strlen(root) - 6, 'X', 6);
    return mkdtemp(root) == NULL;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in_root(const char *name)
{
    static char path[4][512];
    static int i;
    char *at = path[i++ % 4];
    snprintf(at, sizeof path[0], "%s/%s", root, name);
    return at;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_root(name), "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void expect_file(const char *name, const char *text)
{
    char found[64] = "";
    FILE *f = fopen(in_root(name), "re");
    if (f != NULL) {
        found[fread(found, 1, sizeof found - 1, f)] = '\0';
        fclose(f);
    }
    if (strcmp(found, text) != 0)
        fail_msg("%s is '%s': expected '%s'", name, found, text);
}

static void make_dir(const char *name)
{
    assert_int_equal(mkdir(in_root(name), 0755), 0);
}

/* As the kernel answers to "+memory" and "+pids" where it has them: in the same file, behind what
 * we have just written over its blanks. */
static const char handed_down[] = "        memory pids\n";

/* One v2 tree, with us in the group `own` of it. */
static struct cgroup_host find_v2(const char *own)
{
    char text[512];
    struct cgroup_host host;
    snprintf(text, sizeof text, "30 20 0:25 / %s rw - cgroup2 cgroup2 rw\n", root);
    put("mountinfo", text);
    snprintf(text, sizeof text, "0::%s\n", own);
    put("own", text);
    cgroup_host_find(in_root("mountinfo"), in_root("own"), &host);
    return host;
}

static void close_host(struct cgroup_host *host)
{
    for (int t = 0; t < N_CGROUP_TREES; t++)
        if (host->parent[t] >= 0)
            close(host->parent[t]);
}

static struct cgroup_host v2_with_controllers(void)
{
    put("cgroup.subtree_control", handed_down);
    make_dir("graded");
    put("graded/cgroup.subtree_control", handed_down);
    return find_v2("/");
}

static void controllers_are_asked_for_and_seen(void **state)
{
    (void)state;
    struct cgroup_host host = v2_with_controllers();
    assert_true(host.parent[CGROUP_V2] >= 0);
    assert_true(host.v2_memory && host.v2_pids);
    assert_true(cgroup_host_limits_memory(&host) && cgroup_host_limits_pids(&host));
    assert_true(cgroup_host_freezes(&host));
    close_host(&host);
}

static void a_tree_without_controllers_limits_nothing(void **state)
{
    (void)state;
    put("cgroup.subtree_control", "");
    struct cgroup_host host = find_v2("/");
    assert_true(host.parent[CGROUP_V2] >= 0);
    assert_false(cgroup_host_limits_memory(&host) || cgroup_host_limits_pids(&host));
    assert_true(cgroup_host_freezes(&host));
    close_host(&host);
}

/* DelegateSubgroup=main: we sit in unit/main, whose processes keep controllers from going down. */
static void the_group_above_serves_where_our_own_cannot(void **state)
{
    (void)state;
    make_dir("unit");
    make_dir("unit/main");
    make_dir("unit/graded");
    put("unit/main/cgroup.subtree_control", "");
    put("unit/cgroup.subtree_control", handed_down);
    put("unit/graded/cgroup.subtree_control", handed_down);
    struct cgroup_host host = find_v2("/unit/main");
    struct stat found, wanted;
    assert_int_equal(fstat(host.parent[CGROUP_V2], &found), 0);
    assert_int_equal(stat(in_root("unit/graded"), &wanted), 0);
    assert_true(found.st_ino == wanted.st_ino && host.v2_memory);
    close_host(&host);
}

/* --- one group of a v2 tree with controllers --- */

static const char *in_group(const struct cgroup *g, const char *file)
{
    static char name[128];
    snprintf(name, sizeof name, "graded/%s/%s", g->name, file);
    return name;
}

/* The kernel makes a group's files with the group. */
static struct cgroup open_v2(const struct cgroup_host *host)
{
    static const char *const empty[] = {"memory.max",    "memory.swap.max", "pids.max",
                                        "cgroup.freeze", "cgroup.kill",     "cgroup.procs"};
    struct cgroup g;
    assert_int_equal(cgroup_open(&g, host, NULL), OK);
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
        put(in_group(&g, empty[i]), "");
    put(in_group(&g, "cgroup.events"), "populated 1\nfrozen 1\n");
    put(in_group(&g, "cpu.stat"), "usage_usec 1234\nuser_usec 1000\n");
    put(in_group(&g, "memory.peak"), "4096\n");
    put(in_group(&g, "memory.events"), "low 0\noom 3\noom_kill 2\n");
    assert_int_equal(cgroup_join(&g, getpid(), NULL), OK);
    return g;
}

static void limits_go_into_the_v2_group(void **state)
{
    (void)state;
    struct cgroup_host host = v2_with_controllers();
    struct cgroup g = open_v2(&host);
    assert_int_equal(cgroup_limit(&g, 64 << 20, 5, NULL), OK);
    expect_file(in_group(&g, "memory.max"), "67108864");
    expect_file(in_group(&g, "memory.swap.max"), "0");
    expect_file(in_group(&g, "pids.max"), "6");    /* and init */
    expect_file(in_group(&g, "cgroup.procs"), ""); /* joined by birth, not by moving */
    assert_true(cgroup_knows_memory(&g) && cgroup_can_freeze(&g));
    cgroup_forget(&g);
    close_host(&host);
}

static void usage_comes_from_the_v2_group(void **state)
{
    (void)state;
    struct cgroup_host host = v2_with_controllers();
    struct cgroup g = open_v2(&host);
    assert_int_equal(cgroup_cpu_us(&g), 1234);
    assert_int_equal(cgroup_peak_bytes(&g), 4096);
    assert_int_equal(cgroup_oom_kills(&g), 2);
    cgroup_forget(&g);
    close_host(&host);
}

static void freezing_and_killing_write_to_the_v2_group(void **state)
{
    (void)state;
    struct cgroup_host host = v2_with_controllers();
    struct cgroup g = open_v2(&host);
    assert_int_equal(cgroup_freeze(&g, NULL), OK);
    expect_file(in_group(&g, "cgroup.freeze"), "1");
    assert_int_equal(cgroup_thaw(&g, NULL), OK);
    expect_file(in_group(&g, "cgroup.freeze"), "0");
    cgroup_kill(&g);
    expect_file(in_group(&g, "cgroup.kill"), "1");
    cgroup_forget(&g);
    close_host(&host);
}

static void a_group_that_does_not_freeze_is_an_error_and_no_wait_without_end(void **state)
{
    (void)state;
    struct cgroup_host host = v2_with_controllers();
    struct cgroup g = open_v2(&host);
    put(in_group(&g, "cgroup.events"), "populated 1\nfrozen 0\n");
    assert_int_equal(cgroup_freeze(&g, NULL), ERR_TIMEOUT);
    cgroup_forget(&g);
    close_host(&host);
}

/* --- v1 beside it --- */

static void v1_hierarchies_limit_where_v2_has_no_controllers(void **state)
{
    (void)state;
    char text[1024];
    struct cgroup_host host;
    make_dir("v2");
    make_dir("memory");
    make_dir("pids");
    snprintf(text, sizeof text,
             "30 20 0:25 / %s/v2 rw shared:5 - cgroup2 cgroup2 rw\n"
             "31 20 0:26 / %s/memory rw - cgroup cgroup rw,memory\n"
             "32 20 0:27 / %s/pids rw - cgroup cgroup rw,pids\n",
             root, root, root);
    put("mountinfo", text);
    put("own", "3:memory:/\n0::/\n");
    cgroup_host_find(in_root("mountinfo"), in_root("own"), &host);
    for (int t = CGROUP_V2; t <= CGROUP_V1_PIDS; t++)
        assert_true(host.parent[t] >= 0);
    assert_true(host.parent[CGROUP_V1_FREEZER] < 0);
    assert_false(host.v2_memory || host.v2_pids);
    assert_true(cgroup_host_limits_memory(&host) && cgroup_host_limits_pids(&host));
    close_host(&host);
}

int main(void)
{
#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
    const struct CMUnitTest tests[] = {
        IN_ROOT(controllers_are_asked_for_and_seen),
        IN_ROOT(a_tree_without_controllers_limits_nothing),
        IN_ROOT(the_group_above_serves_where_our_own_cannot),
        IN_ROOT(limits_go_into_the_v2_group),
        IN_ROOT(usage_comes_from_the_v2_group),
        IN_ROOT(freezing_and_killing_write_to_the_v2_group),
        IN_ROOT(a_group_that_does_not_freeze_is_an_error_and_no_wait_without_end),
        IN_ROOT(v1_hierarchies_limit_where_v2_has_no_controllers),
    };
    return cmocka_run_group_tests_name("control groups as files", tests, NULL, NULL);
}
