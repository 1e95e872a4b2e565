#include "grader/sdk/check.h"

#include <string.h>

#include "grader/sdk/draw.h"
#include "ops.h"

static bool say(struct check *k, struct talk *t, long number, long *sum)
{
    const char *line = check_printf(k, "%ld\n", number);
    *sum += number;
    talk_send(t, line, strlen(line));
    return talk_expect_text(t, "sum", check_printf(k, "%ld\n", *sum));
}

static void stop(struct check *k, struct call *c, struct talk *t, long sum)
{
    talk_send(t, "stop\n", 5);
    talk_expect_end(t, "after stop");
    if (call_finish(c))
        check_i64(k, "adder_serve", sum, call_result(c, 0));
}

static void one_client(struct check *k)
{
    static const int lines[] = {0, 1, 3, 12};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_case(k, "one client, %d lines", lines[i]);
        struct call *c = check_call(k, OP_SERVE);
        if (!call_start(c))
            continue;
        struct talk *t = talk_open(c);
        long sum = 0;
        for (int n = 0; n < lines[i]; n++)
            say(k, t, (long)draw_below(check_rng(k), 1000000), &sum);
        stop(k, c, t, sum);
    }
}

static void together(struct check *k)
{
    check_case(k, "many lines in one piece");
    struct call *c = check_call(k, OP_SERVE);
    if (!call_start(c))
        return;
    struct talk *t = talk_open(c);
    talk_send(t, "1\n20\n300\n", 9);
    talk_expect_text(t, "sums", "1\n21\n321\n");
    stop(k, c, t, 321);
}

/* That the first piece was seen by itself is not certain, but likely; a server that is right does
 * not care. */
static void in_pieces(struct check *k)
{
    check_case(k, "a line in two pieces, and another client in between");
    struct call *c = check_call(k, OP_SERVE);
    if (!call_start(c))
        return;
    struct talk *a = talk_open(c), *b = talk_open(c);
    long sum = 0;
    say(k, a, 5, &sum);
    talk_send(a, "12", 2);
    say(k, b, 70, &sum);
    say(k, b, 1, &sum);
    talk_send(a, "3\n", 2);
    talk_expect_text(a, "sum", "199\n");
    stop(k, c, b, 199);
}

static void in_turns(struct check *k)
{
    enum { CLIENTS = 8 };
    check_case(k, "%d clients in turns", CLIENTS);
    struct call *c = check_call(k, OP_SERVE);
    if (!call_start(c))
        return;
    struct talk *t[CLIENTS];
    long sum = 0;
    for (int i = 0; i < CLIENTS; i++)
        t[i] = talk_open(c);
    for (int turn = 0; turn < 12; turn++)
        say(k, t[draw_below(check_rng(k), CLIENTS)], turn, &sum);
    stop(k, c, t[0], sum);
}

static void one_vanishes(struct check *k)
{
    check_case(k, "one client vanishes in the midst of a line");
    struct call *c = check_call(k, OP_SERVE);
    if (!call_start(c))
        return;
    struct talk *a = talk_open(c), *b = talk_open(c);
    long sum = 0;
    say(k, a, 1, &sum);
    talk_send(a, "999", 3);
    talk_close(a);
    say(k, b, 2, &sum);
    struct talk *later = talk_open(c);
    say(k, later, 3, &sum);
    talk_end(b);
    talk_expect_end(b, "after the client's end");
    stop(k, c, later, sum);
}

static void several(struct check *k)
{
    in_pieces(k);
    in_turns(k);
    one_vanishes(k);
}

static void first_steps(struct check *k)
{
    one_client(k);
    together(k);
}

static const struct lab_group groups[] = {
    {.name = "one-client", .run = first_steps},
    {.name = "several", .run = several},
    {.name = "hygiene", .run = first_steps, .sanitize = true, .hygiene = true},
};
const struct lab_module lab_module = {LAB_SDK, groups, sizeof groups / sizeof groups[0], NULL, 0};
