#include "grader/vgpu/device/act.h"

#include <string.h>

enum { L = 1, A = 2, M = 4 };
static const struct row {
    const char *text;
    unsigned profiles, blocks;
} acts[ACTS] = {
#define ACT(name, text, profiles, blocks) {text, profiles, blocks},
#include "grader/vgpu/device/act.def"
#undef ACT
};

const char *act_text(enum act act)
{
    return act < ACTS ? acts[act].text : "a query";
}

act_set act_blocking(void)
{
    act_set set = 0;
    for (unsigned i = 0; i < ACTS; i++)
        if (acts[i].blocks)
            set |= ACT_BIT(i);
    return set;
}

static act_set of_profile(unsigned profile)
{
    act_set set = 0;
    for (unsigned i = 0; i < ACTS; i++)
        if (acts[i].profiles & profile)
            set |= ACT_BIT(i);
    return set;
}

enum err_code act_find(const char *name, act_set *ret, struct err *why)
{
    act_set set = 0;
    if (strcmp(name, "launch") == 0)
        set = of_profile(L);
    else if (strcmp(name, "async") == 0)
        set = of_profile(A);
    else if (strcmp(name, "multi") == 0)
        set = of_profile(M);
    const size_t length = strlen(name);
    for (unsigned i = 0; length > 0 && i < ACTS; i++)
        if (strncmp(acts[i].text, name, length) == 0 && strchr(" ", acts[i].text[length]))
            set |= ACT_BIT(i); /* strchr also finds the NUL */
    if (set == 0)
        return err_set(why, ERR_INVALID, "'%s' is neither a profile nor a call of the runtime",
                       name);
    *ret = set;
    return OK;
}
