#include "reference/sample/schema_range.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 16 };
#define LARGEST 9999999999999999 /* of DIGITS digits */

/* ---- numbers of the schema ---- */

/* The integer that a member spells; ERR_RANGE for one of more digits or with a point. */
static int64_t integer(struct schema_out *o, uint32_t node)
{
    const struct json_node *n = &o->j.node[node];
    const char *text = o->j.text + n->off;
    const bool negative = n->len > 0 && text[0] == '-';
    int64_t value = 0;
    bool fits = n->type == JSON_NUMBER && n->len - negative <= DIGITS;
    for (uint32_t i = negative; i < n->len && fits; i++) {
        fits = text[i] >= '0' && text[i] <= '9';
        value = fits ? value * 10 + (text[i] - '0') : 0;
    }
    if (!fits)
        schema_fail(o, ERR_RANGE, "\"%.*s\" is no integer of at most %d digits", (int)n->key_len,
                    o->j.text + n->key_off, (int)DIGITS);
    return negative ? -value : value;
}

static uint32_t count(struct schema_out *o, uint32_t node, const char *name, uint32_t missing)
{
    const uint32_t member = json_member(&o->j, node, name);
    const int64_t value = member == 0 ? 0 : integer(o, member);
    if (value < 0 || value > SCHEMA_MAX_COUNT)
        schema_fail(o, ERR_RANGE, "%s is %lld, 0 to %d are allowed", name, (long long)value,
                    (int)SCHEMA_MAX_COUNT);
    return member == 0 ? missing : (uint32_t)value;
}

struct schema_counts schema_counts(struct schema_out *o, uint32_t node, const char *least,
                                   const char *most)
{
    const struct schema_counts n = {.least = count(o, node, least, 0),
                                    .most = count(o, node, most, SCHEMA_NO_MOST)};
    if (n.least > n.most)
        schema_fail(o, ERR_RANGE, "%s is over %s", least, most);
    return n;
}

void schema_put_counts(struct schema_out *o, struct schema_counts n)
{
    if (n.most == SCHEMA_NO_MOST && n.least < 2) {
        schema_put(o, n.least == 0 ? "*" : "+");
        return;
    }
    schema_put(o, "{");
    schema_put_number(o, n.least);
    if (n.most != n.least)
        schema_put(o, ",");
    if (n.most != n.least && n.most != SCHEMA_NO_MOST)
        schema_put_number(o, n.most);
    schema_put(o, "}");
}

/* ---- numbers between two of the same length ---- */

static void put_any(struct schema_out *o, int digits)
{
    if (digits == 0)
        return;
    schema_put(o, " [0-9]{");
    schema_put_number(o, (uint64_t)digits);
    schema_put(o, "}");
}

static bool all(const char *digits, int n, char c)
{
    for (int i = 0; i < n; i++)
        if (digits[i] != c)
            return false;
    return true;
}

static const char zeros[] = "0000000000000000", nines[] = "9999999999999999";

/* low and high have n digits, low <= high. Up to where they differ they are spelled; there the
 * first digit of low goes with what is not below the rest of low, the first of high with what is
 * not above the rest of high, and those between with anything. */
static void put_between(struct schema_out *o, const char *low, const char *high, int n)
{
    assert(n <= DIGITS);
    while (n > 0 && *low == *high) {
        schema_put_digits(o, *low, *low);
        schema_put(o, n > 1 ? " " : "");
        low++;
        high++;
        n--;
    }
    if (n == 0)
        return;
    const bool whole_low = all(low + 1, n - 1, '0'), whole_high = all(high + 1, n - 1, '9');
    const char first = whole_low ? *low : (char)(*low + 1);
    const char last = whole_high ? *high : (char)(*high - 1);
    bool more = false;
    schema_put(o, "(");
    if (!whole_low) {
        schema_put_digits(o, *low, *low);
        schema_put(o, " ");
        put_between(o, low + 1, nines, n - 1); /* a digit less each time */
        more = true;
    }
    if (first <= last) {
        schema_put(o, more ? " | " : "");
        schema_put_digits(o, first, last);
        put_any(o, n - 1);
        more = true;
    }
    if (!whole_high) {
        schema_put(o, more ? " | " : "");
        schema_put_digits(o, *high, *high);
        schema_put(o, " ");
        put_between(o, zeros, high + 1, n - 1);
    }
    schema_put(o, ")");
}

/* 0 <= low <= high: length by length. */
static void put_unsigned(struct schema_out *o, int64_t low, int64_t high)
{
    for (bool more = false; low <= high && o->rc == OK; more = true) {
        char from[24] = "", to[24] = "";
        int64_t end = 9;
        while (end < low)
            end = end * 10 + 9;
        end = end < high ? end : high;
        const int n = snprintf(from, sizeof from, "%lld", (long long)low);
        snprintf(to, sizeof to, "%lld", (long long)end);
        schema_put(o, more ? " | " : "");
        put_between(o, from, to, n);
        low = end + 1;
    }
}

static void put_signed(struct schema_out *o, int64_t low, int64_t high)
{
    if (low < 0) {
        schema_put(o, "\"-\" (");
        put_unsigned(o, high < 0 ? -high : 1, -low);
        schema_put(o, ")");
    }
    if (low < 0 && high >= 0)
        schema_put(o, " | ");
    if (high >= 0)
        put_unsigned(o, low < 0 ? 0 : low, high);
}

/* ---- keywords ---- */

bool schema_has_range(const struct schema_out *o, uint32_t node)
{
    return json_member(&o->j, node, "minimum") != 0 || json_member(&o->j, node, "maximum") != 0 ||
           json_member(&o->j, node, "exclusiveMinimum") != 0 ||
           json_member(&o->j, node, "exclusiveMaximum") != 0;
}

/* The value of a member, moved by `step`; `missing` if there is none. */
static int64_t bound(struct schema_out *o, uint32_t node, const char *name, int64_t step,
                     int64_t missing)
{
    const uint32_t member = json_member(&o->j, node, name);
    return member == 0 ? missing : integer(o, member) + step;
}

void schema_put_range(struct schema_out *o, uint32_t node)
{
    const int64_t least = bound(o, node, "minimum", 0, -LARGEST);
    const int64_t above = bound(o, node, "exclusiveMinimum", 1, -LARGEST);
    const int64_t most = bound(o, node, "maximum", 0, LARGEST);
    const int64_t below = bound(o, node, "exclusiveMaximum", -1, LARGEST);
    const int64_t low = least > above ? least : above, high = most < below ? most : below;
    if (low > high || low < -LARGEST || high > LARGEST)
        schema_fail(o, ERR_RANGE, "no integer lies between the bounds");
    if (o->rc == OK)
        put_signed(o, low, high);
}
