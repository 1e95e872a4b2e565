/* Calls that are there and say that they do nothing. They take what they are given: with C's way of
 * calling, arguments that nobody reads harm nobody. */
#include "grader/vgpu/rt/rt.h"

static int refuse(const char *name)
{
    rt_say("%s is not supported by the virtual GPU (cudaErrorNotSupported)", name);
    return rt_done(RT_NOT_SUPPORTED);
}

#define REFUSED(name)                                                                              \
    int name(void);                                                                                \
    int name(void)                                                                                 \
    {                                                                                              \
        return refuse(#name);                                                                      \
    }
#include "grader/vgpu/rt/refused.def"
#undef REFUSED

void __cudaRegisterTexture(void);
void __cudaRegisterTexture(void)
{
    refuse("texture references");
}

void __cudaRegisterSurface(void);
void __cudaRegisterSurface(void)
{
    refuse("surface references");
}
