#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "grader/vgpu/rt/fatbin.h"

enum { PTX = 1, ELF = 2, HEADER = 104 };

struct fat {
    uint8_t bytes[4096];
    size_t size;
};

static void begin(struct fat *f)
{
    memset(f, 0, sizeof *f);
    wr_u32le(f->bytes, 0xba55ed50);
    wr_u16le(f->bytes + 4, 1);
    wr_u16le(f->bytes + 6, FATBIN_HEADER);
    f->size = FATBIN_HEADER;
}

static uint8_t *add(struct fat *f, unsigned kind, unsigned architecture, const char *text)
{
    uint8_t *e = f->bytes + f->size;
    const size_t length = (strlen(text) + 8) / 8 * 8;
    wr_u16le(e, (uint16_t)kind);
    wr_u16le(e + 2, 0x101);
    wr_u32le(e + 4, HEADER);
    wr_u64le(e + 8, length);
    wr_u32le(e + 28, architecture);
    wr_u64le(e + 40, 0x11);
    memcpy(e + HEADER, text, strlen(text) + 1);
    f->size += HEADER + length;
    wr_u64le(f->bytes + 8, f->size - FATBIN_HEADER);
    return e;
}

static enum fatbin_verdict find(const struct fat *f, const char **text)
{
    size_t bytes = 0;
    return fatbin_find(f->bytes, f->size, 80, text, &bytes);
}

static void test_the_highest_ptx_that_fits_is_taken(void **state)
{
    (void)state;
    struct fat f;
    const char *text = "";
    begin(&f);
    add(&f, ELF, 80, "machine code");
    add(&f, PTX, 70, "seventy");
    add(&f, PTX, 80, "eighty");
    add(&f, PTX, 90, "ninety");
    assert_int_equal(find(&f, &text), FATBIN_FOUND);
    assert_string_equal(text, "eighty");
}

static void test_machine_code_alone_is_no_help(void **state)
{
    (void)state;
    struct fat f;
    const char *text;
    begin(&f);
    add(&f, ELF, 80, "machine code");
    assert_int_equal(find(&f, &text), FATBIN_NO_PTX);
    assert_non_null(strstr(fatbin_text(FATBIN_NO_PTX), "compute_80"));
}

static void test_compressed_ptx_is_refused_by_name(void **state)
{
    (void)state;
    struct fat f;
    const char *text;
    begin(&f);
    wr_u32le(add(&f, PTX, 80, "zstd") + 16, 4);
    assert_int_equal(find(&f, &text), FATBIN_COMPRESSED);
    assert_non_null(strstr(fatbin_text(FATBIN_COMPRESSED), "--no-compress"));
    begin(&f);
    wr_u64le(add(&f, PTX, 80, "LZ4") + 40, 0x2011);
    assert_int_equal(find(&f, &text), FATBIN_COMPRESSED);
}

static void test_sizes_that_lie_are_found_out(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at; /* of the entry, or of the header with `header` */
        uint64_t value;
        int bytes, header;
    } table[] = {
        {"magic", 0, 1, 4, 1},
        {"version", 4, 2, 2, 1},
        {"header shorter than itself", 6, 8, 2, 1},
        {"all entries: more than there is", 8, 4096, 8, 1},
        {"all entries: overflow", 8, UINT64_MAX - 8, 8, 1},
        {"entry header of 0", 4, 0, 4, 0},
        {"entry header beyond the end", 4, 1 << 20, 4, 0},
        {"entry beyond the end", 8, 1 << 20, 8, 0},
        {"entry: overflow", 8, UINT64_MAX - 50, 8, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fat f;
        const char *text;
        begin(&f);
        uint8_t *e = add(&f, PTX, 80, "text");
        uint8_t value[8];
        wr_u64le(value, table[i].value);
        memcpy((table[i].header ? f.bytes : e) + table[i].at, value, (size_t)table[i].bytes);
        if (find(&f, &text) != FATBIN_MALFORMED)
            fail_msg("%s: taken", table[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_highest_ptx_that_fits_is_taken),
        cmocka_unit_test(test_machine_code_alone_is_no_help),
        cmocka_unit_test(test_compressed_ptx_is_refused_by_name),
        cmocka_unit_test(test_sizes_that_lie_are_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
