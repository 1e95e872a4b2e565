#include "grader/sdk/check.h"

#include <string.h>

#include "grader/sdk/draw.h"
#include "ops.h"

enum { JOURNAL_MAX = 65536 };

/* A store at work, and the one client that it has. */
struct store {
    struct call *call;
    struct talk *client;
};

static struct store begin(struct check *k, unsigned runner)
{
    struct store s = {.call = NULL};
    check_runner(k, runner);
    s.call = check_call(k, OP_SERVE);
    if (call_start(s.call))
        s.client = talk_open(s.call);
    return s;
}

static bool ask(struct check *k, const struct store *s, const char *question, const char *answer)
{
    if (check_failed(k))
        return false;
    const char *line = check_printf(k, "%s\n", question);
    talk_send(s->client, line, strlen(line));
    return talk_expect_text(s->client, question, check_printf(k, "%s\n", answer));
}

static void put(struct check *k, const struct store *s, int key, int value)
{
    ask(k, s, check_printf(k, "put k%d v%d", key, value), "ok");
}

static void get(struct check *k, const struct store *s, int key, int value)
{
    ask(k, s, check_printf(k, "get k%d", key), check_printf(k, "v%d", value));
}

static void end(struct check *k, const struct store *s, int keys)
{
    if (check_failed(k))
        return;
    talk_end(s->client);
    talk_expect_end(s->client, "after the client's end");
    if (call_finish(s->call))
        check_i64(k, "store_serve", keys, call_result(s->call, 0));
}

/* Ends the store; the next one in this runner finds what it had written. */
static void cut_power(struct check *k, unsigned runner)
{
    size_t size;
    check_runner(k, runner);
    const void *journal = check_take(k, "journal", JOURNAL_MAX, &size);
    if (journal != NULL)
        check_file(k, "journal", journal, size);
}

static void dialogue(struct check *k)
{
    check_case(k, "put and get");
    struct store s = begin(k, 0);
    ask(k, &s, "get k1", "none");
    put(k, &s, 1, 10);
    put(k, &s, 2, 20);
    put(k, &s, 1, 11);
    get(k, &s, 1, 11);
    get(k, &s, 2, 20);
    end(k, &s, 2);
}

static void torn(struct check *k)
{
    static const char journal[] = "put k1 v1\nput k2 v2\nput k1 v";
    check_case(k, "the last record is torn");
    check_file(k, "journal", journal, sizeof journal - 1);
    struct store s = begin(k, 0);
    get(k, &s, 1, 1);
    put(k, &s, 3, 3);
    if (check_failed(k))
        return;
    cut_power(k, 0);
    s = begin(k, 0);
    get(k, &s, 1, 1);
    get(k, &s, 3, 3);
    end(k, &s, 3);
}

/* Two stores at work, and one of them dies: the other one must not notice, and a third process
 * finds what the dead one acknowledged. */
static void one_of_two(struct check *k, int records)
{
    check_case(k, "%d records, then one of two stores dies", records);
    int value[16] = {0};
    struct store a = begin(k, 0), b = begin(k, 1);
    for (int i = 0; i < records; i++) {
        const int key = i % 16;
        value[key] = (int)draw_below(check_rng(k), 1000);
        put(k, &a, key, value[key]);
        put(k, &b, key, 5000 + i);
    }
    if (check_failed(k))
        return;
    cut_power(k, 0);
    get(k, &b, 0, 5000 + (records - 1) / 16 * 16);
    a = begin(k, 0);
    for (int i = 0; i < 16 && i < records; i++)
        get(k, &a, i, value[i]);
    end(k, &a, records < 16 ? records : 16);
    end(k, &b, records < 16 ? records : 16);
}

static void power_cut(struct check *k)
{
    torn(k);
    one_of_two(k, 1);
    one_of_two(k, 20);
}

static const struct lab_group groups[] = {
    {.name = "dialogue", .run = dialogue},
    {.name = "power-cut", .run = power_cut},
    {.name = "hygiene", .run = power_cut, .sanitize = true, .hygiene = true},
};
const struct lab_module lab_module = {LAB_SDK, groups, sizeof groups / sizeof groups[0], NULL, 0};
