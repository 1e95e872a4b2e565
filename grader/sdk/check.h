/* For a lab's check.c: the trusted side. It makes cases from a seed, has the runner compute, and
 * compares with a truth that it has from reference/ or made itself. It is linked into a module that
 * `grade` loads; nothing of it is ever in the learner's process.
 *
 *     static void dq_legacy(struct check *k)
 *     {
 *         for (int blocks = 1; blocks <= 64; blocks *= 2) {
 *             check_case(k, "Q4_0, %d blocks", blocks);
 *             uint8_t *src = check_alloc(k, ...);              fill from check_rng(k)
 *             float *want = check_alloc(k, ...);               the truth
 *             struct call *c = check_call(k, OP_DEQUANTIZE);
 *             call_i64(c, 2);                                  argument 0
 *             call_in(c, src, blocks * 18);                    argument 1
 *             call_out(c, n * sizeof(float));                  argument 2
 *             if (!call_run(c))
 *                 continue;                                    crash, limit, overrun: already
 * judged check_i64(k, "return value", 0, call_result(c, 0)); check_f32(k, "dst", want,
 * call_bytes(c, 2), n);
 *         }
 *     }
 *     static const struct lab_group groups[] = {{"dq-legacy", dq_legacy, .sanitize = true}, ...};
 *     const struct lab_module lab_module = {LAB_SDK, groups, n_groups, timed, n_timed};
 *
 * A case passes when nothing failed it before the next one begins. A group earns its points in
 * proportion to the credit of its cases; parts (check_part) have weights of their own. Same seed,
 * same cases: take randomness from check_rng only. Everything here may assert: check.c is ours. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "grader/sdk/lab_rng.h"
#include "grader/sdk/log.h"

struct check; /* one run of one group */
struct call;

/* ---- the module ---- */

enum { LAB_SDK = 1 };

struct lab_group {
    const char *name; /* as in lab.json */
    void (*run)(struct check *k);
    bool sanitize; /* run again with the ASan/UBSan build, for crashes only */
    bool hygiene;  /* loses all points when the sanitizer build finds something */
};

/* A timed case. The harness calls `prepare` for every input, each fresh and of the same shape,
 * times learner and par on it in turn, and calls `verify` on every output but one that equals, to
 * the bit, what it has found right of the same input. So it judges by the call alone and changes
 * nothing. */
struct lab_timed {
    const char *name; /* as in lab.json */
    struct call *(*prepare)(struct check *k);
    void (*verify)(struct check *k, struct call *c); /* check_fail() makes the timing void */
    double work;  /* of one call, in the numerator of lab.json's unit: 0.0042 GB for "GB/s" */
    double bytes; /* moved to and from memory at least, for the roofline; 0: unknown */
    double flops; /* 0: unknown */
};

struct lab_module {
    int sdk; /* LAB_SDK */
    const struct lab_group *groups;
    size_t n_groups;
    const struct lab_timed *timed;
    size_t n_timed;
};
extern const struct lab_module lab_module;

/* ---- cases ---- */

/* True in the sanitizer pass: use fewer and smaller cases, it is 3 to 10 times slower there. */
bool check_sanitizing(const struct check *k);

/* The cases that follow belong to a part that counts `weight` of the group's points (in any unit:
 * the weights of a group are summed). Without parts every case weighs the same. */
void check_part(struct check *k, const char *name, double weight);

/* Begins a case; the text is for people and names the sizes: "Q5_1, 3 blocks, ties". Releases the
 * memory of the case before. */
void check_case(struct check *k, const char *format, ...) PRINTF_LIKE(2, 3);

/* Randomness of this case: depends on seed, group, and the number of the case in its group. */
lab_rng *check_rng(struct check *k);

/* The margin rule. Where a float decides something discrete (an argmax, a cut, a rounding), two
 * right orders of the same sum may decide differently; so a case whose deciding gap is below the
 * margin is drawn again, and the answer can be compared exactly:
 *
 *     do
 *         draw_floats(check_rng(k), DRAW_NORMAL, x, n);
 *     while (check_redraw(k, margin_of_largest(truth(x), n), 1e-3));
 *
 * True: draw again. A margin that no draw reaches is a fault of the checker and ends the group. */
bool check_redraw(struct check *k, double gap, double margin);

/* Zeroed memory until the next case (at most 512 MiB in all; asserts). */
void *check_alloc(struct check *k, size_t bytes);
char *check_printf(struct check *k, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- cases that shrink ----
 *
 * A case that is made of numbers can be made again with smaller ones. When one fails, the grader
 * calls its body again and again, with smaller sizes and the same randomness, and shows the
 * smallest case that still fails in the same way:
 *
 *     static void restore(struct check *k, const struct check_shape *s)
 *     {
 *         const uint32_t type = (uint32_t)s->fixed[0];
 *         const int64_t blocks = s->size[0];
 *         check_case(k, "%s, %lld blocks", type_name(type), (long long)blocks);
 *         ... make `blocks` blocks, call, compare ...
 *     }
 *     check_shrinkable(k, restore, &(struct check_shape){.fixed = {type}, .size = {64}, .least =
 * {1}});
 *
 * Sizes need not be lengths: whatever is simpler when it is smaller will do, such as how many of
 * the weights are not zero, or 0 for plain and 1 for random scales. */
enum { CHECK_SIZES = 4 };

struct check_shape {
    int64_t fixed[CHECK_SIZES];                    /* which case it is; the body's own meaning */
    int64_t size[CHECK_SIZES], least[CHECK_SIZES]; /* least <= size; equal: this one stays */
};

/* Begins exactly one case, with check_case and before anything else; makes all of it from the shape
 * and check_rng, so that the same shape gives the same case. */
typedef void check_body(struct check *k, const struct check_shape *shape);

/* Runs the body. The case stays open: what is judged behind it still belongs to it. */
void check_shrinkable(struct check *k, check_body *body, const struct check_shape *shape);

/* ---- calls into the runner ---- */

/* A new call of driver.c's operation `op`; the case's. The one before of the same runner becomes
 * invalid, its outputs (call_bytes) stay until the case ends. */
struct call *check_call(struct check *k, uint32_t op);

/* Arguments, at most 16, numbered from 0 in the order in which they are added. */
void call_i64(struct call *c, int64_t value);
void call_f64(struct call *c, double value);
void call_in(struct call *c, const void *bytes, size_t size); /* ends flush at a guard page */
/* The same with `skew` bytes between its end and the guard page, to choose the alignment of its
 * start. */
void call_in_skewed(struct call *c, const void *bytes, size_t size, size_t skew);
void call_out(struct call *c, size_t size); /* filled with 0xAA, canaries around it */
void call_out_skewed(struct call *c, size_t size, size_t skew);
void call_inout(struct call *c, const void *bytes, size_t size); /* writable, starts as `bytes` */

/* How the buffer added last is shown when the case fails. */
enum call_show { CALL_SHOW_BYTES, CALL_SHOW_F32, CALL_SHOW_TEXT };
void call_show(struct call *c, enum call_show as);

/* ---- objects that live in the runner ----
 *
 * A stateful lab creates, steps and destroys. The driver keeps what the learner's code made in its
 * table (lab_handle_new() in driver.h) and returns a handle; the checker keeps that:
 *
 *     struct call *c = check_call(k, OP_CREATE);
 *     if (!call_run(c)) return;
 *     const struct check_handle queue = call_new_handle(c, 0);
 *     c = check_call(k, OP_PUSH);
 *     call_handle(c, queue);                      an argument like any other
 *
 * A runner that ends (a crash, a limit, check_fresh, other files) takes its objects with it. A call
 * that uses one of those fails its case and is not made. Make objects in the case that uses them:
 * so a case can be run alone. */
struct check_handle {
    int64_t id;         /* what lab_return() stored; 0: none was made */
    uint64_t start;     /* of which run of the program; 0: none */
    const void *runner; /* the learner's or par's */
};
struct check_handle call_new_handle(const struct call *c, unsigned result);
void call_handle(struct call *c, struct check_handle h);
bool check_alive(const struct check *k, struct check_handle h); /* could it still be used? */

/* ---- files and processes ---- */

/* From the next call on, for this case only, the program finds this file in its working directory.
 * It is started anew for that. `name` and `bytes` are the case's (check_alloc, check_printf) or
 * static; a name may have folders; the same name again replaces the file. At most 16. lab.json
 * allows `files`, or `scratch_bytes` where the program also writes: what it wrote is read back by
 * the driver and comes as an output. */
void check_file(struct check *k, const char *name, const void *bytes, size_t size);

/* Ends the process, as a power cut would, also in the midst of a call that is open. The next call
 * is made in one that remembers nothing: for labs where one process packs and another one unpacks.
 */
void check_fresh(struct check *k);

/* Ends the process likewise, and returns what it has written to the file `name` of its working
 * directory until then: the case's memory. NULL: there is none. More than max_bytes, or something
 * that is no regular file, fails the case, and is NULL too. Give it to the next process by
 * check_file(). lab.json allows `scratch_bytes`. */
const void *check_take(struct check *k, const char *name, size_t max_bytes, size_t *ret_size);

/* ---- several runners ----
 *
 * Where lab.json allows `runners`, a case may have so many processes of the submission at the same
 * time, each in a cell of its own that knows nothing of the others. What is said of calls, files
 * and processes from here on is said of runner `number`; a case begins with 0. The others are
 * started when first called and end with the case, so that a case can be run alone.
 *
 *     struct call *c = check_call(k, OP_PUT);          in runner 0
 *     ...
 *     check_runner(k, 1);
 *     c = check_call(k, OP_GET);                       in runner 1; the other one stands still
 *     ...
 *     check_runner(k, 0);
 *     check_fresh(k);                                  0 dies; 1 does not notice
 *
 * Each has an equal share of lab.json's memory_bytes; the CPU time of all counts for the group, and
 * the death of one costs what the first one's does. Not for timed cases. */
enum { CHECK_RUNNERS = 4 };
void check_runner(struct check *k, unsigned number);

/* CPU time that this call may take, instead of lab.json's case_cpu_ms. */
void call_limit_ms(struct call *c, int64_t cpu_ms);

/* Rings and waits. False: no reply (crash, limit, forbidden call) or an overrun of an output; the
 * case is failed with the right verdict and nothing more is to be said. After too many of those in
 * a group its further calls return false at once. */
bool call_run(struct call *c);

/* The two halves of call_run(). In between the checker may speak to the server that the call runs,
 * or start a call in another runner, so that both run at the same time. Limits hold from the start:
 * lab.json's case_cpu_ms of CPU time, and of wall time three times as much and a second. What a
 * checker leaves open when its case ends is broken off, which is nobody's fault. */
bool call_start(struct call *c);  /* false: as call_run() */
bool call_finish(struct call *c); /* true: it returned, as call_run(); a failed case waits not */

int64_t call_result(const struct call *c, unsigned result); /* what lab_return() stored */
/* The grader's copy of an out or inout argument. */
const void *call_bytes(const struct call *c, unsigned argument);
/* What was given to call_in, for `verify`: the grader's own bytes, which no runner can change. */
const void *call_input(const struct call *c, unsigned argument);
int64_t call_cpu_us(const struct call *c); /* CPU time of the runner during the call */
int64_t call_wall_us(const struct call *c);

/* ---- live dialogues ----
 *
 * A server of the learner's is spoken to while it runs, byte for byte. lab.json allows `sockets`,
 * the driver hands over lab_listener(), and the checker is a client, or several at once:
 *
 *     struct call *c = check_call(k, OP_SERVE);
 *     if (!call_start(c)) return;
 *     struct talk *t = talk_open(c);
 *     talk_send(t, "GET a\n", 6);
 *     talk_expect_text(t, "answer", "NONE\n");
 *     talk_end(t);                                     the server reads an end
 *     talk_expect_end(t, "after the client's end");
 *     if (!call_finish(c)) return;
 *     check_i64(k, "connections", 1, call_result(c, 0));
 *
 * Nothing here waits for longer than the call's limits: a server that is silent gets a time limit,
 * one that sends more than lab.json's arena_bytes in a case an output limit. After that, and in a
 * case that failed before, all of these return at once, with nothing. What a server sends is
 * taken in while the checker waits for anything, so neither side can block the other. The process
 * of a case with talks ends with the case. */
enum { CHECK_TALKS = 16 }; /* in a case */
struct talk;

/* A new connection, at once: the server may accept it later. Never NULL: one that was refused has
 * ended. */
struct talk *talk_open(struct call *c);
/* False: the server closed, or its call is over. That alone fails no case. */
bool talk_send(struct talk *t, const void *bytes, size_t size);
void talk_end(struct talk *t);   /* the server will read an end; it can still answer */
void talk_close(struct talk *t); /* the client is gone */

/* The case's. */
struct talk_bytes {
    const uint8_t *at;
    size_t size;
};
/* The next `size` bytes; fewer where the server ended the connection or its call is over. SIZE_MAX:
 * all until then. */
struct talk_bytes talk_receive(struct talk *t, size_t size);
/* Up to and with the text `end`, such as "\r\n\r\n"; what does not end with it is all there was. */
struct talk_bytes talk_until(struct talk *t, const char *end);

/* Receive and compare; the story shows both as text, around the first difference. */
bool talk_expect(struct talk *t, const char *what, const void *expected, size_t size);
bool talk_expect_text(struct talk *t, const char *what, const char *expected);
/* Nothing more comes and the server closes the connection. */
bool talk_expect_end(struct talk *t, const char *what);

/* ---- judging; each returns whether it holds, and fails the case otherwise ---- */

bool check_i64(struct check *k, const char *what, int64_t expected, int64_t actual);
/* Bitwise; the story shows the bytes around the first difference. */
bool check_bytes(struct check *k, const char *what, const void *expected, const void *actual,
                 size_t size);
/* Bitwise, but shown as floats; +0 and -0 differ. */
bool check_f32(struct check *k, const char *what, const float *expected, const float *actual,
               size_t n);
/* |actual - expected| <= tolerance * max(|expected|, 1e-30) for each; NaN fails. */
bool check_f64_near(struct check *k, const char *what, double expected, double actual,
                    double tolerance);
/* In the course's words for "near" (grader/sdk/near.h); a NaN among the actual numbers fails. The
 * story shows the element that is farthest off. */
bool check_f32_nerr(struct check *k, const char *what, const float *expected, const float *actual,
                    size_t n, double tolerance);
bool check_f32_nmse(struct check *k, const char *what, const float *expected, const float *actual,
                    size_t n, double tolerance);
bool check_f32_ulp(struct check *k, const char *what, const float *expected, const float *actual,
                   size_t n, double ulps);
/* After a comparison failed: hints with `hint` where `actual` is, bit by bit, what a known mistake
 * would have given. Compute that on the trusted side: it is never shown. */
bool check_suspect(struct check *k, const void *mistaken, const void *actual, size_t size,
                   const char *hint);
/* The log in output `argument` has exactly these entries (grader/sdk/log.h). `kinds` names them for
 * people, by number. */
bool check_log(struct check *k, const char *const *kinds, const struct log_entry *expected,
               size_t n, const struct call *c, unsigned argument);
/* Fails the case in your own words. */
void check_fail(struct check *k, const char *expected, const char *actual);
/* What to look at; also shown for hidden groups, so never with inputs or expected values of the
 * case: name the mistake. The first hint of a case stays. */
void check_hint(struct check *k, const char *format, ...) PRINTF_LIKE(2, 3);
bool check_failed(const struct check *k); /* has this case failed so far? */
/* The case earns a share in [0, 1] instead of 1; below 1 `note` says why (visible also for hidden
 * groups). */
void check_credit(struct check *k, double share, const char *note);
