/* A program that says whatever it likes: a sequence of requests, each 8 bytes of head and then its
 * arguments, 9 bytes each: which base an argument counts from, and how far. So addresses and
 * handles are often nearly right. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "grader/vgpu/device/machine.h"
#include "grader/vgpu/device/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
    ".version 8.0\n.target sm_80\n.address_size 64\n.global .align 4 .u32 v;\n"
    ".visible .entry k(.param .u64 x)\n{\n.reg .b64 %rd<2>;\nld.param.u64 %rd1, [x];\n"
    "st.global.u64 [%rd1], %rd1;\nret;\n}\n";

static struct machine *fresh(void)
{
    struct machine_config config = {
        .n_devices = 2,
        .resident = 4 << 20,
        .shared = 4 << 20,
        .memory_fd = -1,
        .workers = 1,
        .isa = VG_PORTABLE,
        .launch = {.warp_instructions = 1000, .wall_ms = 1000, .output_bytes = 1024},
        .launches = 64,
        .printed_bytes = 1024,
        .allowed = ACT_ALL,
    };
    struct machine *m = NULL;
    struct err why;
    if (profile_find("t4/1", &config.profile, &why) != OK)
        abort();
    config.profile.memory = 4 << 20; /* a small device is quickly made */
    if (machine_new(&m, &config, &why) != OK)
        abort();
    memcpy(m->shared, text, sizeof text);
    return m;
}

static uint64_t argument(const uint8_t *p)
{
    static const uint64_t bases[] = {
        0, 0, VG_GLOBAL(0), VG_GLOBAL(1), VG_GLOBAL(VG_HOST), UINT64_MAX, sizeof text, WIRE_WINDOW};
    return bases[p[0] % 8] + rd_u64le(p + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEAD = 8, ARG = 9 };
    static unsigned char room[WIRE_PAYLOAD];
    struct machine *m = fresh();
    struct wire_reply r;
    for (int steps = 0; size >= HEAD && steps < 64; steps++) {
        struct wire_request q = {
            .call = data[0], .flags = data[1], .device = data[2], .stream = data[3]};
        const size_t n = data[4] % (WIRE_ARGS + 1), payload = data[5];
        data += HEAD;
        size -= HEAD;
        for (size_t i = 0; i < n && size >= ARG; i++, data += ARG, size -= ARG)
            q.arg[i] = argument(data);
        q.bytes = (uint32_t)(payload < size ? payload : size);
        machine_answer(m, &q, data, q.bytes, &r, room);
        if (r.bytes > WIRE_PAYLOAD)
            abort();
        data += q.bytes;
        size -= q.bytes;
    }
    machine_run(m);
    machine_free(m);
    return 0;
}
