/* Live dialogues: while a call runs, the checker speaks to the server that it runs. Everything that
 * comes is a stranger's: it is copied first, bounded in bytes by the arena and in time by the
 * call's limits, and nothing here waits but in poll(). */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grader/grade/check.h"

enum { HEAR_AT_ONCE = 64 * 1024, SHOWN_BYTES = 64 };

static bool is_open(const struct runner_slot *slot)
{
    return slot->runner.call.open;
}

static struct runner_slot *slot_of(struct check *k, size_t number)
{
    return number == 0 ? check_main_slot(k) : &k->others[number - 1];
}

/* ---- what comes ---- */

/* It sent more than anybody wants to hear. */
static void stop_flood(struct talk *t)
{
    struct check *k = t->check;
    struct runner_slot *chosen = k->slot;
    t->ended = true;
    check_fail_as(k, VERDICT_OUTPUT_LIMIT,
                  check_printf(k, "at most %lld bytes sent to the checker in one case",
                               (long long)k->lab->limits.arena_bytes),
                  "more was sent");
    if (!is_open(t->slot))
        return;
    check_spend(k, runner_break_off(&t->slot->runner));
    k->slot = t->slot;
    check_count_incident(k);
    k->slot = chosen;
}

static bool make_room(struct talk *t)
{
    struct check *k = t->check;
    if (k->now.heard >= (size_t)k->lab->limits.arena_bytes)
        return false;
    if (t->room - t->size >= HEAR_AT_ONCE)
        return true;
    const size_t room = 2 * (t->room + HEAR_AT_ONCE);
    uint8_t *bytes = arena_alloc(&k->memory, room);
    if (bytes == NULL)
        return false;
    if (t->size > 0)
        memcpy(bytes, t->bytes, t->size);
    t->bytes = bytes;
    t->room = room;
    return true;
}

/* Takes what is there, if something is. False: nothing was, or nothing will be any more. */
static bool hear(struct talk *t)
{
    if (t->ended)
        return false;
    if (!make_room(t)) {
        stop_flood(t);
        return false;
    }
    const ssize_t n = recv(t->fd, t->bytes + t->size, HEAR_AT_ONCE, MSG_DONTWAIT);
    if (n > 0) {
        t->size += (size_t)n;
        t->check->now.heard += (size_t)n;
        return true;
    }
    t->ended = n == 0 || errno != EAGAIN; /* also where it closed with something unread */
    return false;
}

/* ---- waiting ---- */

static size_t watch_runners(struct check *k, struct pollfd *fds, int *patience_ms)
{
    size_t n = 0;
    for (size_t i = 0; i < CHECK_RUNNERS; i++) {
        const struct runner_slot *slot = slot_of(k, i);
        if (!is_open(slot))
            continue;
        const int ms = runner_patience_ms(&slot->runner);
        *patience_ms = n == 0 || ms < *patience_ms ? ms : *patience_ms;
        runner_watch(&slot->runner, fds + n);
        n += RUNNER_FDS;
    }
    return n;
}

static size_t watch_talks(const struct check *k, struct pollfd *fds)
{
    size_t n = 0;
    for (size_t i = 0; i < k->now.n_talks; i++) {
        const struct talk *t = &k->now.talks[i];
        const int events = (t->ended ? 0 : POLLIN) | (t->wants_out ? POLLOUT : 0);
        if (events != 0)
            fds[n++] = (struct pollfd){.fd = t->fd, .events = (short)events};
    }
    return n;
}

static void look_at(struct check *k, struct runner_slot *slot)
{
    struct runner_end end;
    bool over = false;
    const enum err_code rc = runner_look(&slot->runner, &over, &end, &k->why);
    if (rc != OK) {
        k->rc = rc;
        check_fail(k, NULL, NULL);
    } else if (over) {
        check_take_end(k, slot->started, &end);
    }
}

void check_wait(struct check *k)
{
    struct pollfd fds[CHECK_RUNNERS * RUNNER_FDS + CHECK_TALKS];
    int patience_ms = 0;
    size_t n = watch_runners(k, fds, &patience_ms);
    n += watch_talks(k, fds + n);
    (void)!poll(fds, n, patience_ms); /* interrupted or not, we look */
    for (size_t i = 0; i < CHECK_RUNNERS; i++)
        if (is_open(slot_of(k, i)))
            look_at(k, slot_of(k, i));
    for (size_t i = 0; i < k->now.n_talks; i++)
        (void)hear(&k->now.talks[i]);
}

/* More may have come. False: nothing will, as the call is over and all was read that it sent; or
 * it would not matter, as the case has failed. */
static bool wait_for_more(struct talk *t)
{
    if (t->ended || check_failed(t->check))
        return false;
    if (!is_open(t->slot))
        return hear(t);
    check_wait(t->check);
    return true;
}

/* ---- speaking ---- */

static struct talk *add_talk(struct check *k, struct runner_slot *slot)
{
    assert(k->now.n_talks < CHECK_TALKS && "a case has CHECK_TALKS talks at most");
    struct talk *t = &k->now.talks[k->now.n_talks++];
    *t = (struct talk){.check = k, .slot = slot, .fd = -1, .ended = true};
    return t;
}

struct talk *talk_open(struct call *c)
{
    struct check *k = c->check;
    struct talk *t = add_talk(k, c->slot);
    struct err why = {.code = OK};
    assert(k->lab->allow.sockets && "lab.json allows no sockets");
    if (check_failed(k) || !runner_alive(&c->slot->runner))
        return t;
    const enum err_code rc = listener_connect(&c->slot->runner.listener, &t->fd, &why);
    t->ended = rc != OK;
    if (rc != OK &&
        rc != ERR_NOT_FOUND) { /* a listener that was closed is like one that hangs up */
        k->rc = rc;
        k->why = why;
        check_fail(k, NULL, NULL);
    }
    return t;
}

static bool wait_to_send(struct talk *t)
{
    if (!is_open(t->slot) || check_failed(t->check))
        return false;
    t->wants_out = true;
    check_wait(t->check);
    t->wants_out = false;
    return true;
}

bool talk_send(struct talk *t, const void *bytes, size_t size)
{
    const char *next = bytes;
    while (size > 0 && t->fd >= 0) {
        const ssize_t n = send(t->fd, next, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            next += n;
            size -= (size_t)n;
        } else if (errno != EAGAIN || !wait_to_send(t)) {
            return false;
        }
    }
    return size == 0;
}

void talk_end(struct talk *t)
{
    if (t->fd >= 0)
        shutdown(t->fd, SHUT_WR);
}

void talk_close(struct talk *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    t->ended = true;
}

/* ---- listening ---- */

static struct talk_bytes take(struct talk *t, size_t size)
{
    const struct talk_bytes b = {.at = t->bytes != NULL ? t->bytes + t->taken : (const uint8_t *)"",
                                 .size = size};
    t->taken += size;
    return b;
}

static size_t unread(const struct talk *t)
{
    return t->size - t->taken;
}

/* What the limit means to a server: a processor that is idle is not at work. */
static void hint_at_silence(struct talk *t, const char *wanted)
{
    if (t->check->now.verdict == VERDICT_TIME_LIMIT)
        check_hint(t->check,
                   "the time ran out while the checker waited for %s: what does the server wait "
                   "for, and does it send what it has?",
                   wanted);
}

struct talk_bytes talk_receive(struct talk *t, size_t size)
{
    while (unread(t) < size && wait_for_more(t))
        ;
    if (unread(t) >= size)
        return take(t, size);
    hint_at_silence(t, "more bytes");
    return take(t, unread(t));
}

struct talk_bytes talk_until(struct talk *t, const char *end)
{
    const size_t length = strlen(end);
    size_t from = t->taken; /* before it `end` does not begin */
    assert(length > 0);
    for (;;) {
        const uint8_t *found =
            t->size > from ? memmem(t->bytes + from, t->size - from, end, length) : NULL;
        if (found != NULL)
            return take(t, (size_t)(found - t->bytes) + length - t->taken);
        if (t->size - t->taken >= length)
            from = t->size - length + 1;
        if (!wait_for_more(t)) {
            hint_at_silence(t, "the end of a message");
            return take(t, unread(t));
        }
    }
}

/* ---- judging ---- */

/* As C writes it: a protocol of text can be read, and one of bytes too. */
static void add_quoted(struct str *out, const uint8_t *p, size_t n)
{
    str_add(out, "\"");
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n')
            str_add(out, "\\n");
        else if (p[i] == '\r')
            str_add(out, "\\r");
        else if (p[i] == '"' || p[i] == '\\')
            str_printf(out, "\\%c", p[i]);
        else if (p[i] >= ' ' && p[i] < 127)
            str_printf(out, "%c", p[i]);
        else
            str_printf(out, "\\x%02x", p[i]);
    str_add(out, "\"");
}

static const char *show(struct check *k, const char *what, const uint8_t *p, size_t n, size_t at,
                        const char *end)
{
    struct str s;
    str_init(&s, 8 * SHOWN_BYTES + 256);
    const size_t from = at > SHOWN_BYTES / 2 ? at - SHOWN_BYTES / 2 : 0;
    const size_t shown = n - from < SHOWN_BYTES ? n - from : SHOWN_BYTES;
    str_printf(&s, "%s, from byte %zu: %s", what, from, from > 0 ? "..." : "");
    add_quoted(&s, p + from, shown);
    str_add(&s, from + shown < n ? "..." : end);
    const char *copy = check_text(k, &s);
    str_done(&s);
    return copy;
}

/* Waits only while what came is right so far: a wrong answer that is too short is no silence. */
bool talk_expect(struct talk *t, const char *what, const void *expected, size_t size)
{
    struct check *k = t->check;
    const uint8_t *want = expected;
    size_t same = 0;
    do
        while (same < size && same < unread(t) && want[same] == t->bytes[t->taken + same])
            same++;
    while (same < size && same == unread(t) && wait_for_more(t));
    const bool silent = same < size && same == unread(t);
    if (silent)
        hint_at_silence(t, what);
    const struct talk_bytes got = take(t, size < unread(t) ? size : unread(t));
    if (same < size)
        check_fail(k, show(k, what, want, size, same, ""),
                   show(k, what, got.at, got.size, same, silent ? ", and no more" : ""));
    return !check_failed(k);
}

bool talk_expect_text(struct talk *t, const char *what, const char *expected)
{
    return talk_expect(t, what, expected, strlen(expected));
}

bool talk_expect_end(struct talk *t, const char *what)
{
    struct check *k = t->check;
    while (unread(t) == 0 && wait_for_more(t))
        ;
    hint_at_silence(t, "the end of the connection");
    if (unread(t) > 0)
        check_fail(k, check_printf(k, "%s, and the connection ends", what),
                   show(k, "more came", t->bytes + t->taken, unread(t), 0, ""));
    else if (!t->ended)
        check_fail(k, check_printf(k, "%s, and the connection ends", what), "it stays open");
    return !check_failed(k);
}
