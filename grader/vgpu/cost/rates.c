#include "grader/vgpu/cost/rates.h"

#include <string.h>

#include "grader/vgpu/device/profile.h"

static const struct {
    const char *word;
    double fp32, integer, fp64, sfu, tensor, l2;
    uint32_t l1_kib;
} all[] = {
    {"a100", 64, 64, 32, 16, 1024, 5184, 192},
    {"h100", 128, 64, 64, 16, 2048, 5544, 256},
    {"t4", 64, 64, 2, 16, 512, 1280, 96},
    {"a6000", 128, 64, 2, 16, 512, 2352, 128},
};

enum err_code cost_rates_find(const char *profile, struct cost_rates *ret, struct err *why)
{
    struct wire_device slice, whole;
    const size_t word = strcspn(profile, "/");
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (strlen(all[i].word) != word || memcmp(all[i].word, profile, word) != 0)
            continue;
        enum err_code rc = profile_find(profile, &slice, why);
        if (rc != OK || (rc = profile_find(all[i].word, &whole, why)) != OK)
            return rc;
        const double share = (double)slice.sms / whole.sms;
        *ret = (struct cost_rates){
            .lanes = {[VG_FP32] = all[i].fp32,
                      [VG_INT] = all[i].integer,
                      [VG_FP64] = all[i].fp64,
                      [VG_SFU] = all[i].sfu,
                      [VG_LSU] = 32},
            .tensor = all[i].tensor,
            .l2_bytes = all[i].l2 * share,
            .dram_bytes = profile_bandwidth(&slice) / (slice.mhz * 1e6),
            .sms = slice.sms,
            .l1_bytes = all[i].l1_kib * 1024,
            .l2_capacity = slice.l2,
            .ghz = slice.mhz / 1000.0,
        };
        return OK;
    }
    return profile_find(profile, &slice, why); /* says which profiles there are */
}
