#include "server/store/ulid.h"

#include <sodium.h>
#include <string.h>

static const char DIGITS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Plus one; past the last value of a millisecond the next millisecond begins. */
static void increment(struct ulid *u)
{
    for (int i = 9; i >= 0; i--)
        if (++u->chance[i] != 0)
            return;
    u->ms++;
}

/* 130 bits from 128: the first digit has three, the other 25 five each. */
static void write_digits(const struct ulid *u, char ret[ID_SIZE])
{
    uint8_t bytes[16];
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(u->ms >> (40 - 8 * i));
    memcpy(bytes + 6, u->chance, sizeof u->chance);
    uint32_t pending = 0;
    int bits = 2; /* two zero bits in front */
    size_t out = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        pending = pending << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            ret[out++] = DIGITS[pending >> (bits - 5) & 31];
    }
    ret[out] = '\0';
}

void ulid_next(struct ulid *u, int64_t now_ms, char ret[ID_SIZE])
{
    const uint64_t now = now_ms > 0 ? (uint64_t)now_ms : 0;
    if (now > u->ms) {
        u->ms = now;
        randombytes_buf(u->chance, sizeof u->chance);
        u->chance[0] &= 0x7f; /* room to count up within the millisecond */
    } else {
        increment(u);
    }
    write_digits(u, ret);
}

bool ulid_is(const char *text)
{
    return strlen(text) == ID_LENGTH && strspn(text, DIGITS) == ID_LENGTH && text[0] <= '7';
}
