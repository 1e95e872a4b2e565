#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "reference/audio/wav.h"

#define RIFF      "RIFF\0\0\0\0WAVE"
#define FMT(c, b) "fmt \x10\0\0\0\1\0" c "\0\x80\x3e\0\0\0\0\0\0\0\0" b "\0"
#define WIDE(tag)                                                                                  \
    "fmt \x28\0\0\0\xfe\xff\1\0\x80\x3e\0\0\0\0\0\0\2\0\x10\0\x16\0\x10\0\4\0\0\0" tag "\0"        \
    "\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
#define DATA(size) "data" size
#define FILE_(s)   s, sizeof(s) - 1

static const struct {
    const char *fact, *bytes;
    size_t size;
    enum err_code code;
    size_t n;
    float first, last;
} rows[] = {
    {"one channel", FILE_(RIFF FMT("\1", "\x10") DATA("\4\0\0\0") "\0\x40\0\xc0"), OK, 2, 0.5f,
     -0.5f},
    {"two are averaged", FILE_(RIFF FMT("\2", "\x10") DATA("\4\0\0\0") "\0\x40\0\x20"), OK, 1,
     0.375f, 0.375f},
    {"the lowest is -1", FILE_(RIFF FMT("\1", "\x10") DATA("\2\0\0\0") "\0\x80"), OK, 1, -1, -1},
    {"an odd chunk has a pad",
     FILE_(RIFF FMT("\1", "\x10") "LIST\1\0\0\0xx" DATA("\2\0\0\0") "\0\x40"), OK, 1, 0.5f, 0.5f},
    {"size 0: to the end", FILE_(RIFF FMT("\1", "\x10") DATA("\0\0\0\0") "\0\x40\0\xc0"), OK, 2,
     0.5f, -0.5f},
    {"a stream: to the end", FILE_(RIFF FMT("\1", "\x10") DATA("\xff\xff\xff\xff") "\0\x40\0\xc0"),
     OK, 2, 0.5f, -0.5f},
    {"beyond the file: to the end", FILE_(RIFF FMT("\1", "\x10") DATA("\x09\0\0\0") "\0\x40\0\xc0"),
     OK, 2, 0.5f, -0.5f},
    {"a cut frame is dropped", FILE_(RIFF FMT("\1", "\x10") DATA("\3\0\0\0") "\0\x40\0"), OK, 1,
     0.5f, 0.5f},
    {"what follows the data is not read",
     FILE_(RIFF FMT("\1", "\x10") DATA("\2\0\0\0") "\0\x40\1\2"), OK, 1, 0.5f, 0.5f},
    {"extensible PCM", FILE_(RIFF WIDE("\1") DATA("\2\0\0\0") "\0\x40"), OK, 1, 0.5f, 0.5f},
    {"extensible float", FILE_(RIFF WIDE("\3") DATA("\2\0\0\0") "\0\x40"), ERR_UNSUPPORTED, 0, 0,
     0},
    {"24 bits", FILE_(RIFF FMT("\1", "\x18") DATA("\2\0\0\0") "\0\x40"), ERR_UNSUPPORTED, 0, 0, 0},
    {"nine channels", FILE_(RIFF FMT("\x09", "\x10") DATA("\2\0\0\0") "\0\x40"), ERR_UNSUPPORTED, 0,
     0, 0},
    {"no channel", FILE_(RIFF FMT("\0", "\x10") DATA("\2\0\0\0") "\0\x40"), ERR_FORMAT, 0, 0, 0},
    {"data before fmt", FILE_(RIFF DATA("\2\0\0\0") "\0\x40" FMT("\1", "\x10")), ERR_FORMAT, 0, 0,
     0},
    {"no data", FILE_(RIFF FMT("\1", "\x10")), ERR_FORMAT, 0, 0, 0},
    {"a short fmt", FILE_(RIFF "fmt \2\0\0\0\1\0" DATA("\2\0\0\0") "\0\x40"), ERR_FORMAT, 0, 0, 0},
    {"a chunk beyond the file", FILE_(RIFF "LIST\xff\xff\xff\xffxx"), ERR_FORMAT, 0, 0, 0},
    {"another kind", FILE_("RIFF\0\0\0\0AVI " FMT("\1", "\x10")), ERR_FORMAT, 0, 0, 0},
    {"nothing", FILE_(""), ERR_FORMAT, 0, 0, 0},
};

static void files_are_read_or_refused_by_their_chunks(void **state)
{
    float got[4];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ref_wav w = {0};
        struct err why = {0};
        const enum err_code rc =
            ref_wav_open((const uint8_t *)rows[i].bytes, rows[i].size, &w, &why);
        if (rc != rows[i].code || w.n != rows[i].n)
            fail_msg("%s: %zu samples, %s", rows[i].fact, w.n, why.text);
        if (rc != OK)
            continue;
        assert_int_equal(w.rate, 16000);
        ref_wav_read(&w, 0, w.n, got);
        if (got[0] != rows[i].first || got[w.n - 1] != rows[i].last)
            fail_msg("%s: %g to %g", rows[i].fact, (double)got[0], (double)got[w.n - 1]);
    }
}

static void each_cut_of_a_file_is_an_error_or_a_shorter_sound(void **state)
{
    static const char whole[] =
        RIFF FMT("\1", "\x10") "LIST\1\0\0\0xx" DATA("\4\0\0\0") "\0\x40\0\xc0";
    const size_t data = sizeof whole - 1 - 4;
    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        struct ref_wav w = {0};
        struct err why;
        const enum err_code rc = ref_wav_open((const uint8_t *)whole, size, &w, &why);
        assert_int_equal(rc, size < data ? ERR_FORMAT : OK);
        assert_int_equal(w.n, size < data ? 0 : (size - data) / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_or_refused_by_their_chunks),
        cmocka_unit_test(each_cut_of_a_file_is_an_error_or_a_shorter_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
