/* Functions of a device's own library: printf, assert, malloc, free (CUDA C++ Programming Guide,
 * "Formatted Output", "Assertion", "Dynamic Global Memory Allocation"). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/handlers.h"

enum { TEXT_MAX = 4096, ARGUMENTS_MAX = 32, FORMAT_MAX = 64 };

/* ---- the call's variables ---- */

static const struct vg_place *variable(struct vg_warp *w, const struct ptx_operand *list,
                                       uint32_t k)
{
    const struct vg_code *code = w->state->splits[w->state->current].act->code;
    return list->kind == OPERAND_NONE || k >= list->count
               ? NULL
               : &code->vars[code->func->elements[list->index + k].index];
}

static uint64_t argument(struct vg_warp *w, const struct vg_insn *i, uint32_t k, uint32_t lane,
                         uint32_t bytes)
{
    const struct vg_place *place = variable(w, &i->source->operands[2], k);
    uint32_t low, high = 0;
    if (!place)
        return 0;
    const uint64_t at = vg_local_base(w) + place->at;
    memcpy(&low, vg_local_byte(w, at, lane), 4);
    if (bytes == 8)
        memcpy(&high, vg_local_byte(w, at + 4, lane), 4);
    return low | (uint64_t)high << 32;
}

static void result(struct vg_warp *w, const struct vg_insn *i, uint32_t lane, uint64_t value,
                   uint32_t bytes)
{
    const struct vg_place *place = variable(w, &i->source->operands[0], 0);
    const uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
    if (!place)
        return;
    const uint64_t at = vg_local_base(w) + place->at;
    memcpy(vg_local_byte(w, at, lane), &low, 4);
    if (bytes == 8)
        memcpy(vg_local_byte(w, at + 4, lane), &high, 4);
}

/* ---- bytes by generic address ---- */

static bool byte_at(struct vg_warp *w, uint64_t address, uint32_t lane, unsigned char *ret)
{
    struct vg_reach reach;
    const uint64_t low = (uint32_t)address;
    switch (vg_space_of(address)) {
    case PTX_LOCAL:
        if (!vg_local_holds(w, low, 1))
            return false;
        *ret = *vg_local_byte(w, low, lane);
        return true;
    case PTX_SHARED:
        if (low >= w->block->shared_bytes)
            return false;
        *ret = w->block->shared[low];
        return true;
    default:
        if (!vg_reach_find(w, &reach, address, 1, false))
            return false;
        *ret = reach.host[address - reach.address];
        return true;
    }
}

static bool text_at(struct vg_warp *w, uint64_t address, uint32_t lane, char *ret, size_t size)
{
    for (size_t n = 0; n + 1 < size; n++) {
        unsigned char c;
        if (!byte_at(w, address + n, lane, &c))
            return false;
        ret[n] = (char)c;
        if (c == 0)
            return true;
    }
    ret[size - 1] = 0;
    return true;
}

/* ---- printf ---- */

struct print {
    struct vg_warp *w;
    uint32_t lane;
    uint64_t arguments; /* generic address: values with their natural alignment */
    uint32_t at, taken;
    bool failed;
    struct str *out;
};

static uint64_t take(struct print *p, uint32_t bytes)
{
    uint64_t value = 0;
    p->at = (p->at + bytes - 1) / bytes * bytes;
    for (uint32_t n = 0; n < bytes; n++) {
        unsigned char c = 0;
        p->failed = !byte_at(p->w, p->arguments + p->at + n, p->lane, &c) || p->failed;
        value |= (uint64_t)c << 8 * n;
    }
    p->at += bytes;
    p->taken++;
    return value;
}

struct spec { /* one conversion, read */
    char flags[8];
    int width, precision; /* -1: none */
    unsigned longs;
    char type;
};

static const char *read_number(const char *s, struct print *p, int *ret)
{
    if (*s == '*') {
        *ret = (int32_t)take(p, 4);
        return s + 1;
    }
    *ret = 0;
    while (*s >= '0' && *s <= '9') {
        if (*ret < 1000)
            *ret = *ret * 10 + (*s - '0');
        s++;
    }
    return s;
}

/* Behind the '%'; the type is 0 where the format ends. */
static const char *read_spec(const char *s, struct print *p, struct spec *ret)
{
    size_t n = 0;
    *ret = (struct spec){.width = -1, .precision = -1};
    while (*s && strchr("-+ #0", *s)) {
        if (n + 1 < sizeof ret->flags && !strchr(ret->flags, *s))
            ret->flags[n++] = *s;
        s++;
    }
    if (*s == '*' || (*s >= '0' && *s <= '9'))
        s = read_number(s, p, &ret->width);
    if (*s == '.')
        s = read_number(s + 1, p, &ret->precision);
    while (*s == 'l' || *s == 'h' || *s == 'j' || *s == 'z' || *s == 't') {
        ret->longs += *s != 'h';
        s++;
    }
    ret->type = *s;
    return *s ? s + 1 : s;
}

static void host_format(const struct spec *spec, const char *type, char ret[FORMAT_MAX])
{
    char width[12] = "", precision[14] = "";
    if (spec->width >= 0)
        snprintf(width, sizeof width, "%d", spec->width > 1000 ? 1000 : spec->width);
    if (spec->precision >= 0)
        snprintf(precision, sizeof precision, ".%d",
                 spec->precision > 1000 ? 1000 : spec->precision);
    snprintf(ret, FORMAT_MAX, "%%%s%s%s%s", spec->flags, width, precision, type);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* made by host_format of known parts */
static void print_integer(struct print *p, const struct spec *spec, char *text, size_t size)
{
    const bool is_signed = spec->type == 'd' || spec->type == 'i';
    const char type[4] = {'l', 'l', spec->type, 0};
    uint64_t value = take(p, spec->longs ? 8 : 4);
    char format[FORMAT_MAX];
    if (is_signed && !spec->longs)
        value = (uint64_t)(int64_t)(int32_t)value;
    host_format(spec, type, format);
    snprintf(text, size, format, (unsigned long long)value);
}

static void print_real(struct print *p, const struct spec *spec, char *text, size_t size)
{
    const uint64_t bits = take(p, 8);
    const char type[2] = {spec->type, 0};
    char format[FORMAT_MAX];
    double value;
    memcpy(&value, &bits, sizeof value);
    host_format(spec, type, format);
    snprintf(text, size, format, value);
}

static void print_text(struct print *p, const struct spec *spec, char *text, size_t size)
{
    char string[TEXT_MAX], format[FORMAT_MAX];
    const uint64_t address = take(p, 8);
    if (address == 0)
        snprintf(string, sizeof string, "(null)");
    else if (!text_at(p->w, address, p->lane, string, sizeof string))
        p->failed = true;
    host_format(spec, "s", format);
    if (!p->failed)
        snprintf(text, size, format, string);
}

static void print_char(struct print *p, const struct spec *spec, char *text, size_t size)
{
    char format[FORMAT_MAX];
    host_format(spec, "c", format);
    snprintf(text, size, format, (int)take(p, 4));
}
#pragma GCC diagnostic pop

static void print_one(struct print *p, const struct spec *spec)
{
    char text[TEXT_MAX + 1024] = "";
    switch (spec->type) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        print_integer(p, spec, text, sizeof text);
        break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        print_real(p, spec, text, sizeof text);
        break;
    case 's':
        print_text(p, spec, text, sizeof text);
        break;
    case 'c':
        print_char(p, spec, text, sizeof text);
        break;
    case 'p':
        snprintf(text, sizeof text, "0x%" PRIx64, take(p, 8));
        break;
    default: /* as a device: what is no conversion is printed as it stands */
        snprintf(text, sizeof text, "%%%.*s", spec->type ? 1 : 0, &spec->type);
    }
    if (!p->failed)
        str_add(p->out, text);
}

/* The device's result: the number of arguments. */
static int print_format(struct print *p, const char *format)
{
    while (*format && !p->failed) {
        const char *percent = strchrnul(format, '%');
        str_add_bytes(p->out, format, (size_t)(percent - format));
        format = percent;
        if (*format == 0)
            break;
        if (format[1] == '%') {
            str_add_char(p->out, '%');
            format += 2;
            continue;
        }
        struct spec spec;
        format = read_spec(format + 1, p, &spec);
        if (p->taken < ARGUMENTS_MAX)
            print_one(p, &spec);
    }
    return (int)p->taken;
}

void vg_run_printf(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    VG_EACH_LANE(l, mask)
    {
        char format[TEXT_MAX];
        const uint64_t address = argument(w, i, 0, l, 8);
        struct print p = {.w = w, .lane = l, .arguments = argument(w, i, 1, l, 8)};
        p.out = &vg_live(w)->output;
        if (!text_at(w, address, l, format, sizeof format)) {
            vg_fail(w, VG_ILLEGAL_ADDRESS, l, address, "printf: no string at 0x%" PRIx64, address);
            return;
        }
        const int n = print_format(&p, format);
        if (p.failed) {
            vg_fail(w, VG_ILLEGAL_ADDRESS, l, address,
                    "printf: its format asks for more than it was given: \"%.80s\"", format);
            return;
        }
        result(w, i, l, (uint32_t)n, 4);
    }
}

/* ---- assert ---- */

static void assert_text(struct vg_warp *w, const struct vg_insn *i, uint32_t lane, char *ret,
                        size_t size)
{
    char what[128] = "?", file[160] = "?", function[128] = "?";
    if (!text_at(w, argument(w, i, 0, lane, 8), lane, what, sizeof what))
        strcpy(what, "?");
    if (!text_at(w, argument(w, i, 1, lane, 8), lane, file, sizeof file))
        strcpy(file, "?");
    if (!text_at(w, argument(w, i, 3, lane, 8), lane, function, sizeof function))
        strcpy(function, "?");
    snprintf(ret, size, "%s:%" PRIu64 ": %s: Assertion `%s` failed.", file,
             argument(w, i, 2, lane, 4), function, what);
}

void vg_run_assert(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t lane = (uint32_t)__builtin_ctz(mask);
    char text[VG_FAULT_TEXT];
    assert_text(w, i, lane, text, sizeof text);
    str_printf(&vg_live(w)->output, "%s\n", text);
    vg_fail(w, VG_ASSERT, lane, 0, "%s", text);
}

/* ---- malloc, free ---- */

void vg_run_malloc(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const struct vg_launch *launch = w->block->launch;
    VG_EACH_LANE(l, mask)
    {
        uint64_t address = 0; /* no room: a null pointer, as on a device */
        if (vg_memory_allocate(launch->memories[launch->device], argument(w, i, 0, l, 8),
                               VG_OWNER_HEAP, NULL, &address, NULL) != OK)
            address = 0;
        result(w, i, l, address, 8);
    }
}

void vg_run_free(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const struct vg_launch *launch = w->block->launch;
    struct vg_memory *m = launch->memories[launch->device];
    struct err why;
    VG_EACH_LANE(l, mask)
    {
        const uint64_t address = argument(w, i, 0, l, 8);
        const struct vg_allocation *a = address ? vg_memory_holds(m, address, 1) : NULL;
        if (!address)
            continue;
        if (a && a->owner != VG_OWNER_HEAP) {
            vg_fail(w, VG_LAUNCH_FAILURE, l, address,
                    "free of 0x%" PRIx64 ", which malloc() did not give", address);
            return;
        }
        if (vg_memory_release(m, address, &why) != OK) {
            vg_fail(w, VG_LAUNCH_FAILURE, l, address, "free: %.200s", why.text);
            return;
        }
    }
    memset(vg_live(w)->reach, 0, sizeof vg_live(w)->reach);
}
