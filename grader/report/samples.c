#include "grader/report/samples.h"

#include <assert.h>
#include <string.h>

#define COUNT_OF(array)     (sizeof(array) / sizeof(array)[0])
#define LIST(member, array) .member = array, .n_##member = COUNT_OF(array)

static const char *const all_guarantees[] = {"userns", "seccomp", "landlock", "cgroup_v2"};
static const char *const few_guarantees[] = {"seccomp", "landlock"};
static const char *const weaker[] = {"cgroup: memory is limited per process only"};

#define LAB                                                                                        \
    .lab = "3.2",                                                                                  \
    .lab_version = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",             \
    .lab_title = "Format comparison: ggml's block formats to the bit", .seed = 20240607,           \
    .max_score = 100, .device_kind = "cpu", .device_name = "Example CPU, 2 cores"
#define RESOURCES                                                                                  \
    .resources = {.wall_ms = 1840,                                                                 \
                  .cpu_ms = 1312,                                                                  \
                  .peak_bytes = 9 << 20,                                                           \
                  .limit_cpu_ms = 2000,                                                            \
                  .limit_memory_bytes = 256 << 20}
#define BUILT .compile = {.ms = 93, .log = ""}
#define CLEAN .sanitizer = {.ran = true}

static const struct report_group full_groups[] = {
    {"dq-legacy", 15, 15, true, VERDICT_ACCEPTED, 24, 24, 12, false, {0}},
    {"q-legacy", 10, 10, true, VERDICT_ACCEPTED, 16, 16, 9, false, {0}},
    {"q-legacy-hidden", 15, 15, false, VERDICT_ACCEPTED, 48, 48, 21, false, {0}},
};
static const struct report_performance fast[] = {
    {.name = "dequantize Q4_K",
     .unit = "GB/s",
     .value = 6.36,
     .par = 6.0,
     .ratio = 1.06,
     .interval = {1.04, 1.09},
     .pairs = 31,
     .tier = "gold",
     .earned = 60,
     .points = 60,
     .bytes = 4718592,
     .flops = 8388608,
     .bandwidth_gbs = 11.2,
     .peak_gflops = 38.4,
     .level = "memory",
     .intensity = 1.78,
     .attained = 0.57,
     .bound = "memory",
     .has_counters = true,
     .counters = {5242880, 2097152, 73728, 12}},
};

static const struct report_frame crash_stack[] = {
    {"unpack_scales", "formats.c", 201},
    {"qt_quantize", "formats.c", 340},
};
static const struct report_frame hidden_stack[] = {{"on_input_12_34_56", "formats.c", 12}};

static const struct report_group mixed_groups[] = {
    {"dq-legacy", 15, 15, true, VERDICT_ACCEPTED, 24, 24, 12, false, {0}},
    {"q-legacy",
     10,
     7.5,
     true,
     VERDICT_WRONG_ANSWER,
     16,
     12,
     9,
     true,
     {.test_case = "Q8_0, 1 block, every weight a tie",
      .found_as = "Q8_0, 2 blocks, every weight a tie",
      .expected = "q[0] = -3\nq[1] = 3\nq[2] = 5\nq[3] = 0",
      .actual = "q[0] = -3\nq[1] = 2\nq[2] = 4\nq[3] = 0",
      .has_difference = true,
      .difference = {.line = 2, .column = 8, .expected = "3", .actual = "2"},
      .arguments = "0: 8\n1: 128 bytes in: 127 -2.5 2.5 4.5 0 0 0 0 ... 24 more\n2: 34 bytes out",
      .hint = "A tie goes away from zero: roundf(), not rintf() or a cast",
      .reproduce = "grade run 3.2 formats.c --seed 20240607 --case q-legacy:3"}},
    {"q-k",
     20,
     0,
     true,
     VERDICT_RUNTIME_ERROR,
     8,
     0,
     2,
     true,
     {.test_case = "Q6_K, 1 block",
      .expected = "the call returns",
      .actual = "crashed: SIGSEGV (Segmentation fault)\na read of NULL+16",
      LIST(stack, crash_stack),
      .hint = "a null pointer was followed",
      .reproduce = "grade run 3.2 formats.c --seed 20240607 --case q-k:1"}},
    {"q-legacy-hidden",
     15,
     5,
     false,
     VERDICT_WRONG_ANSWER,
     48,
     16,
     21,
     true,
     {.test_case = "Q5_1, 1 block from seed 77",
      .found_as = "Q5_1, 3 blocks from seed 77",
      .expected = "bytes 4-7: 12 34 56 78",
      .actual = "bytes 4-7: 12 34 56 00",
      .has_difference = true,
      .difference = {.line = 1, .column = 21, .expected = "78", .actual = "00"},
      .arguments = "0: 7\n1: 24 bytes in: 12 34 56",
      LIST(stack, hidden_stack),
      .hint = "The high bits of Q5 sit in qh, one per weight",
      .reproduce = "grade run 3.2 formats.c --seed 20240607 --case q-legacy-hidden:7"}},
};
static const struct report_performance slow[] = {
    {.name = "dequantize Q4_K with a very long name",
     .unit = "GB/s",
     .value = 5.1,
     .par = 6.0,
     .ratio = 0.85,
     .interval = {0.78, 0.94},
     .pairs = 60,
     .discarded = 4,
     .tier = "silver",
     .note = "The interval holds the border of silver at 0.8 of par: in doubt the better tier "
             "counts.",
     .earned = 20,
     .points = 30},
    {.name = "quantize Q4_0",
     .unit = "GB/s",
     .value = 0.3,
     .par = 1.0,
     .ratio = 0.3,
     .interval = {0.29, 0.31},
     .pairs = 12,
     .points = 10,
     .bytes = 4096,
     .flops = 65536,
     .bandwidth_gbs = 210,
     .peak_gflops = 38.4,
     .level = "L1",
     .intensity = 16,
     .attained = 0.125,
     .bound = "compute"},
};
static const struct report_diagnostic warnings[] = {
    {"formats.c", 14, 9, REPORT_WARNING, "unused variable 'scale' [-Wunused-variable]"},
    {"formats.c", 88, 9, REPORT_WARNING, "unused variable 'scale' [-Wunused-variable]"},
    {NULL, 0, 0, REPORT_NOTE, "some warnings being shown once"},
};
static const struct report_finding findings[] = {
    {.kind = "heap-buffer-overflow",
     .file = "formats.c",
     .line = 120,
     .column = 21,
     .message = "READ of size 4, 0 bytes after a region",
     .group = "q-legacy",
     LIST(stack, crash_stack)},
    {.kind = "signed-integer-overflow",
     .message = "signed integer overflow: 12 34 56 + 1 cannot be represented in type 'int'",
     .group = "q-legacy-hidden",
     LIST(stack, hidden_stack)},
};

static const struct report_diagnostic errors[] = {
    {"formats.c", 3, 10, REPORT_ERROR, "lab32.h: No such file or directory"},
    {"/usr/include/math.h", 1, 1, REPORT_NOTE, "included from here"},
};
static const struct report_group unbuilt_groups[] = {
    {"dq-legacy", 15, 0, true, VERDICT_COMPILE_ERROR, 0, 0, 0, false, {0}},
    {"q-legacy-hidden", 85, 0, false, VERDICT_COMPILE_ERROR, 0, 0, 0, false, {0}},
};

static const struct report_group slow_groups[] = {
    {"dq-legacy",
     100,
     50,
     true,
     VERDICT_TIME_LIMIT,
     24,
     12,
     2000,
     true,
     {.test_case = "Q4_0, 4096 blocks",
      .expected = "a reply within 2000 ms of CPU time",
      .actual = "none after 2003 ms",
      .hint = "Does a loop run over the weights once for each block?"}},
};
static const struct report_group caught_groups[] = {
    {"dq-legacy",
     100,
     0,
     true,
     VERDICT_SECURITY_VIOLATION,
     24,
     0,
     1,
     true,
     {.test_case = "Q4_0, 1 block",
      .actual = "system call openat",
      .hint = "A lab computes; it opens no file"}},
};

/* Bytes that no format may pass on: not UTF-8, controls, terminal and text direction commands,
 * markup, and lines far too long. */
#define HOSTILE                                                                                    \
    "\x1b[2J\x01\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80<&>\"']]>"                                 \
    "\\\r\n\t\xe2\x80\xae\x7f\xc2\x9b\xef\xbf\xbf"
/* 34 columns in 17 characters, and marks without any. */
#define WIDE                                                                                       \
    "\u5e45\u5e45\u5e45\u5e45\u5e45\u5e45\u5e45\u5e45e\u0301a\u0308\u5e45\u5e45\u5e45\U0001f600"   \
    "\uff21\uff22\uac00\uac01"
static const struct report_frame hostile_stack[] = {{HOSTILE, HOSTILE, 1}};
#define HOSTILE_FAILURE                                                                            \
    {                                                                                              \
        .test_case = HOSTILE, .found_as = HOSTILE, .expected = HOSTILE, .actual = HOSTILE,         \
        .has_difference = true,                                                                    \
        .difference = {.line = 1, .column = 1, .expected = HOSTILE, .actual = HOSTILE},            \
        .arguments = HOSTILE, LIST(stack, hostile_stack), .hint = HOSTILE, .reproduce = HOSTILE    \
    }
static const struct report_group hostile_groups[] = {
    {HOSTILE, 50, 0, true, VERDICT_WRONG_ANSWER, 2, 1, 1, true, HOSTILE_FAILURE},
    {"", 50, 0, false, VERDICT_OUTPUT_LIMIT, 1, 0, 1, true, HOSTILE_FAILURE},
    {"wide",
     0,
     0,
     true,
     VERDICT_MEMORY_LIMIT,
     1,
     0,
     1,
     true,
     {.test_case = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhh"
                   "hiiiiiiiiii",
      .expected = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16",
      .actual = ""}},
    {"\u5e45 wide and \u0301marks",
     0,
     0,
     true,
     VERDICT_WRONG_ANSWER,
     1,
     0,
     1,
     true,
     {.test_case = WIDE WIDE WIDE, .expected = WIDE, .actual = WIDE "\u5e45", .hint = WIDE WIDE}},
};
static const struct report_performance hostile_performance[] = {{.name = HOSTILE,
                                                                 .unit = HOSTILE,
                                                                 .value = 1,
                                                                 .par = 0,
                                                                 .ratio = 1e300,
                                                                 .tier = HOSTILE,
                                                                 .note = HOSTILE,
                                                                 .level = HOSTILE,
                                                                 .bound = HOSTILE,
                                                                 .attained = 1e300,
                                                                 .intensity = 1}};
static const struct report_diagnostic hostile_diagnostics[] = {
    {"../../etc/" HOSTILE, 1, 1, REPORT_ERROR, HOSTILE " [-W" HOSTILE "]"}};
static const struct report_finding hostile_findings[] = {{.kind = HOSTILE,
                                                          .file = HOSTILE,
                                                          .line = 1,
                                                          .message = HOSTILE,
                                                          .group = HOSTILE,
                                                          LIST(stack, hostile_stack)}};
static const char *const hostile_texts[] = {HOSTILE, ""};

const struct sample samples[] = {
    {"accepted",
     {LAB, RESOURCES, BUILT, CLEAN, LIST(groups, full_groups), LIST(performance, fast),
      LIST(guarantees, all_guarantees), .verdict = VERDICT_ACCEPTED, .score = 100, .pass = true}},
    {"partial",
     {LAB, RESOURCES, LIST(groups, mixed_groups), LIST(performance, slow),
      LIST(guarantees, few_guarantees), LIST(degraded, weaker), .verdict = VERDICT_PARTIAL,
      .score = 72.5, .pass = true,
      .compile = {.ms = 104,
                  .cached = true,
                  LIST(diagnostics, warnings),
                  .log = "formats.c:14:9: warning: ...\n"},
      .sanitizer = {.ran = true, .verdict = VERDICT_RUNTIME_ERROR, LIST(findings, findings)}}},
    {"compile_error",
     {LAB, RESOURCES, LIST(groups, unbuilt_groups), LIST(guarantees, all_guarantees),
      .verdict = VERDICT_COMPILE_ERROR,
      .compile = {.verdict = VERDICT_COMPILE_ERROR,
                  .ms = 31,
                  LIST(diagnostics, errors),
                  .log = "formats.c:3:10: fatal error: lab32.h: No such file or directory\n"},
      .sanitizer = {.verdict = VERDICT_COMPILE_ERROR}}},
    {"time_limit",
     {LAB, RESOURCES, BUILT, CLEAN, LIST(groups, slow_groups), LIST(guarantees, all_guarantees),
      .verdict = VERDICT_TIME_LIMIT, .score = 50}},
    {"security_violation",
     {LAB, RESOURCES, BUILT, CLEAN, LIST(groups, caught_groups), LIST(guarantees, all_guarantees),
      .verdict = VERDICT_SECURITY_VIOLATION}},
    {"internal_error",
     {LAB, .message = "The cell could not be set up: mount: Operation not permitted", BUILT,
      .verdict = VERDICT_INTERNAL_ERROR, .sanitizer = {.verdict = VERDICT_INTERNAL_ERROR}}},
    {"hostile",
     {.lab = "9.9",
      .lab_version = HOSTILE,
      .lab_title = HOSTILE,
      .max_score = 100,
      .verdict = VERDICT_MEMORY_LIMIT,
      .message = HOSTILE,
      .device_name = HOSTILE,
      LIST(groups, hostile_groups),
      LIST(performance, hostile_performance),
      LIST(guarantees, hostile_texts),
      LIST(degraded, hostile_texts),
      .compile = {LIST(diagnostics, hostile_diagnostics), .log = HOSTILE},
      .sanitizer = {.ran = true,
                    .verdict = VERDICT_RUNTIME_ERROR,
                    LIST(findings, hostile_findings)}}},
};
const size_t n_samples = COUNT_OF(samples);

const struct report *sample_report(const char *name)
{
    for (size_t i = 0; i < n_samples; i++)
        if (strcmp(samples[i].name, name) == 0)
            return &samples[i].report;
    assert(!"no sample has this name");
    return NULL;
}
