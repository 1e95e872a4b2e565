/* Which device a grading gets, and which files its cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "grader/vgpu/real/choose.h"

static const struct driver good = {
    .n_devices = 1, .devices = {{.name = "A100", .bus = "0000:3B:00.0", .major = 8}}};
static const struct driver old = {.n_devices = 1, .devices = {{.name = "T4", .major = 7}}};
static const struct driver prohibited = {
    .n_devices = 1, .devices = {{.name = "A100", .major = 8, .mode = DRIVER_MODE_PROHIBITED}}};
static const struct driver exclusive = {
    .n_devices = 1, .devices = {{.name = "A100", .major = 8, .mode = DRIVER_MODE_EXCLUSIVE}}};
static const struct driver mixed = {
    .n_devices = 2,
    .devices = {{.name = "T4", .major = 7}, {.name = "H100", .bus = "0000:5e:00.0", .major = 9}}};
static const struct driver mig = {
    .n_devices = 1,
    .devices = {{.name = "NVIDIA A100 MIG 1g.5gb", .bus = "0000:3b:00.0", .major = 8}}};

static struct choose_nodes all_nodes(void)
{
    return (struct choose_nodes){.control = true,
                                 .uvm = true,
                                 .n_gpus = 2,
                                 .gpus = {{0, "0000:3b:00.0"}, {1, "0000:5e:00.0"}},
                                 .n_caps = 2,
                                 .caps = {1, 2}};
}

static struct choose_host host_with(const struct driver *d)
{
    return (struct choose_host){.driver = d,
                                .driver_why = "no CUDA driver: install it",
                                .nodes = all_nodes(),
                                .library = "/usr/lib64/libcuda.so.1",
                                .profile = "a100/8",
                                .cpu = "a processor"};
}

static void test_the_decision(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum choose_device lab, cohort;
        const struct driver *driver;
        enum err_code rc;
        const char *kind, *device, *story; /* the story: the note, or the error */
        bool score_virtual;
    } rows[] = {
        {"a CPU lab has none", CHOOSE_CPU, CHOOSE_VGPU, &good, OK, "cpu", "a processor", "", false},
        {"whatever the cohort", CHOOSE_CPU, CHOOSE_CUDA, NULL, OK, "cpu", "a processor", "", false},
        {"virtual", CHOOSE_VGPU, CHOOSE_VGPU, &good, OK, "vgpu", "a100/8", "", true},
        {"virtual without a driver", CHOOSE_VGPU, CHOOSE_VGPU, NULL, OK, "vgpu", "a100/8", "",
         true},
        {"the cohort scores by it", CHOOSE_VGPU, CHOOSE_CUDA, &good, OK, "cuda", "A100", "", false},
        {"and there is none", CHOOSE_VGPU, CHOOSE_CUDA, NULL, ERR_UNSUPPORTED, "", "",
         "the cohort scores by a real GPU: no CUDA driver", false},
        {"any, and there is one", CHOOSE_ANY, CHOOSE_VGPU, &good, OK, "cuda", "A100", "", true},
        {"any, and there is none", CHOOSE_ANY, CHOOSE_VGPU, NULL, OK, "vgpu", "a100/8",
         "no CUDA driver", true},
        {"any, and it is old", CHOOSE_ANY, CHOOSE_VGPU, &old, OK, "vgpu", "a100/8",
         "compute capability 7.0", true},
        {"any, and it is prohibited", CHOOSE_ANY, CHOOSE_VGPU, &prohibited, OK, "vgpu", "a100/8",
         "prohibits", true},
        {"real", CHOOSE_CUDA, CHOOSE_VGPU, &good, OK, "cuda", "A100", "", true},
        {"real, and scored", CHOOSE_CUDA, CHOOSE_CUDA, &good, OK, "cuda", "A100", "", false},
        {"real, and there is none", CHOOSE_CUDA, CHOOSE_VGPU, NULL, ERR_UNSUPPORTED, "", "",
         "the lab needs a real GPU: no CUDA driver: install it", false},
        {"real, and it is old", CHOOSE_CUDA, CHOOSE_VGPU, &old, ERR_UNSUPPORTED, "", "",
         "needs 8.0", false},
        {"the second one will do", CHOOSE_CUDA, CHOOSE_VGPU, &mixed, OK, "cuda", "H100", "", true},
        {"exclusive is said", CHOOSE_CUDA, CHOOSE_VGPU, &exclusive, OK, "cuda", "A100",
         "exclusive-process", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct choice c;
        struct err why = {.text = ""};
        const struct choose_host h = host_with(rows[i].driver);
        const enum err_code rc = choose(rows[i].lab, rows[i].cohort, &h, &c, &why);
        if (rc != rows[i].rc || !strstr(rc == OK ? c.note : why.text, rows[i].story))
            fail_msg("%s: %d, %s", rows[i].name, rc, rc == OK ? c.note : why.text);
        if (rc == OK && (strcmp(choice_kind(&c), rows[i].kind) || strcmp(c.name, rows[i].device) ||
                         c.score_virtual != rows[i].score_virtual))
            fail_msg("%s: %s %s, score_virtual %d", rows[i].name, choice_kind(&c), c.name,
                     c.score_virtual);
        if (rc == OK && c.device != CHOOSE_CUDA && c.n_nodes + c.n_libraries != 0)
            fail_msg("%s: files of a driver that is not used", rows[i].name);
    }
}

static void expect_nodes(const struct choose_host *h, const char *expected)
{
    struct choice c;
    struct err why;
    char all[1024] = "";
    if (choose(CHOOSE_CUDA, CHOOSE_VGPU, h, &c, &why) != OK)
        fail_msg("%s", why.text);
    for (int i = 0; i < c.n_nodes; i++) {
        strncat(all, c.nodes[i], sizeof all - strlen(all) - 1);
        strncat(all, " ", sizeof all - strlen(all) - 1);
    }
    assert_string_equal(all, expected);
}

static void test_the_cell_gets_the_nodes_of_its_device_only(void **state)
{
    (void)state;
    struct choose_host h = host_with(&good);
    expect_nodes(&h, "/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0 ");
    h.driver = &mixed;
    expect_nodes(&h, "/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia1 ");
    h.driver = &mig;
    expect_nodes(&h, "/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0 /dev/nvidia-caps/nvidia-cap1 "
                     "/dev/nvidia-caps/nvidia-cap2 ");
    h.driver = &good;
    h.nodes.gpus[0].bus[0] = '\0'; /* a container hides which is which */
    expect_nodes(&h, "/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia0 /dev/nvidia1 ");
}

static void test_a_node_that_is_missing_is_a_story(void **state)
{
    (void)state;
    static const struct {
        const char *story;
        int gone; /* 0: nvidiactl, 1: uvm, 2: nvidiaN, 3: capabilities */
    } rows[] = {{"/dev/nvidiactl is missing", 0},
                {"/dev/nvidia-uvm is missing", 1},
                {"no /dev/nvidiaN", 2},
                {"/dev/nvidia-caps", 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct choice c;
        struct err why = {.text = ""};
        struct choose_host h = host_with(&mig);
        h.nodes.control &= rows[i].gone != 0;
        h.nodes.uvm &= rows[i].gone != 1;
        h.nodes.n_gpus = rows[i].gone == 2 ? 0 : h.nodes.n_gpus;
        h.nodes.n_caps = rows[i].gone == 3 ? 0 : h.nodes.n_caps;
        assert_int_equal(choose(CHOOSE_CUDA, CHOOSE_VGPU, &h, &c, &why), ERR_UNSUPPORTED);
        if (!strstr(why.text, rows[i].story))
            fail_msg("%s, not %s", why.text, rows[i].story);
    }
}

static void test_libraries_lie_beside_the_drivers(void **state)
{
    (void)state;
    struct choice c;
    struct err why;
    const struct choose_host h = host_with(&good);
    assert_int_equal(choose(CHOOSE_CUDA, CHOOSE_VGPU, &h, &c, &why), OK);
    assert_string_equal(c.libraries[0], "/usr/lib64/libcuda.so.1");
    assert_string_equal(c.libraries[1], "/usr/lib64/libnvidia-ptxjitcompiler.so.1");
}

static void put(const char *root, const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *p = strchr(whole + strlen(root) + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        mkdir(whole, 0755);
        *p = '/';
    }
    FILE *f = fopen(whole, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_nodes_are_read_from_the_hosts_folders(void **state)
{
    (void)state;
    char root[] = "/tmp/choose-XXXXXX", command[64];
    struct choose_nodes n;
    assert_non_null(mkdtemp(root));
    choose_nodes_read(&n, root);
    assert_false(n.control || n.uvm || n.n_gpus || n.n_caps);
    static const char *const files[] = {"/dev/nvidiactl",
                                        "/dev/nvidia-uvm",
                                        "/dev/nvidia10",
                                        "/dev/nvidia2",
                                        "/dev/nvidia-uvm-tools",
                                        "/dev/nvidia-modeset",
                                        "/dev/nvidia-caps/nvidia-cap21"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put(root, files[i], "");
    put(root, "/proc/driver/nvidia/gpus/0000:5e:00.0/information",
        "Model: \t A100\nDevice Minor: \t 10\n");
    choose_nodes_read(&n, root);
    assert_true(n.control && n.uvm && n.uvm_tools);
    assert_int_equal(n.n_gpus, 2);
    assert_int_equal(n.gpus[0].minor, 2);
    assert_int_equal(n.gpus[1].minor, 10);
    assert_string_equal(n.gpus[0].bus, "");
    assert_string_equal(n.gpus[1].bus, "0000:5e:00.0");
    assert_int_equal(n.n_caps, 1);
    assert_int_equal(n.caps[0], 21);
    snprintf(command, sizeof command, "rm -r '%s'", root);
    assert_int_equal(system(command), 0);
}

static void test_words_of_lab_json(void **state)
{
    (void)state;
    enum choose_device d;
    struct err why;
    assert_int_equal(choose_device_read(NULL, &d, &why), OK);
    assert_int_equal(d, CHOOSE_CPU);
    assert_int_equal(choose_device_read("any", &d, &why), OK);
    assert_string_equal(choose_device_text(d), "any");
    assert_int_equal(choose_device_read("gpu", &d, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_decision),
        cmocka_unit_test(test_the_cell_gets_the_nodes_of_its_device_only),
        cmocka_unit_test(test_a_node_that_is_missing_is_a_story),
        cmocka_unit_test(test_libraries_lie_beside_the_drivers),
        cmocka_unit_test(test_nodes_are_read_from_the_hosts_folders),
        cmocka_unit_test(test_words_of_lab_json),
    };
    return cmocka_run_group_tests_name("vgpu/choose", tests, NULL, NULL);
}
