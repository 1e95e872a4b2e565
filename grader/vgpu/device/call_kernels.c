/* Modules, kernels and what programs ask about them. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "grader/vgpu/device/machine.h"
#include "grader/vgpu/device/profile.h"

enum { ARENA_MAX = 1 << 30, OPT_OUT_SHARED = 48 << 10 };

int machine_call_UPLOAD(const struct call *c)
{
    struct machine *m = c->m;
    const uint64_t bytes = c->q->arg[0];
    if (bytes > WIRE_WINDOW)
        return CUDA_INVALID_VALUE;
    str_add_bytes(&m->upload, m->shared, bytes);
    if (!m->upload.cut)
        return CUDA_SUCCESS;
    str_clear(&m->upload);
    return machine_refuse(m, CUDA_INVALID_PTX, "PTX of more than %d MiB", PTX_TEXT_MAX >> 20);
}

int machine_call_MODULE(const struct call *c)
{
    struct machine *m = c->m;
    if (m->n_modules == MACHINE_MODULES)
        return machine_refuse(m, CUDA_INVALID_PTX, "more than %d modules", MACHINE_MODULES);
    struct module *module = &m->modules[m->n_modules];
    struct err why;
    arena_init(&module->arena, ARENA_MAX);
    /* The text is the window's no more: it was copied, and stays while the module does. */
    const size_t bytes = m->upload.length;
    char *text = arena_strndup(&module->arena, m->upload.text, bytes);
    str_clear(&m->upload);
    enum err_code rc = text ? OK : err_set(&why, ERR_NOMEM, "no memory for %zu bytes", bytes);
    if (rc == OK)
        rc = ptx_parse(text, bytes, &module->arena, &module->ptx, &why);
    if (rc != OK) {
        arena_done(&module->arena);
        return machine_refuse(m, CUDA_INVALID_PTX, "%s", why.text);
    }
    c->reply->ret[0] = m->n_modules++;
    return CUDA_SUCCESS;
}

int machine_call_REGISTERS(const struct call *c)
{
    if (c->m->registers_fixed)
        return CUDA_SUCCESS; /* the grader knows better */
    str_add_bytes(&c->m->registers, c->payload, c->bytes);
    return c->m->registers.cut ? CUDA_INVALID_VALUE : CUDA_SUCCESS;
}

/* What ptxas said of a kernel; 0: nothing. */
static uint32_t registers_of(const struct machine *m, const char *name)
{
    const size_t length = strlen(name);
    for (const char *line = m->registers.text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != ' ')
            continue;
        char digits[8] = "";
        memcpy(digits, line + length + 1, strnlen(line + length + 1, sizeof digits - 1));
        digits[strspn(digits, "0123456789")] = '\0';
        uint64_t count;
        if (parse_u64(digits, "registers", 1, 255, &count, NULL) == OK)
            return (uint32_t)count;
    }
    return 0;
}

static enum err_code load(struct machine *m, uint32_t module, int device, struct err *why)
{
    struct vg_program **p = &m->modules[module].programs[device];
    if (*p)
        return OK;
    return vg_program_load(p, &m->modules[module].ptx, m->memory[device], why);
}

void machine_unload(struct machine *m, int device)
{
    for (size_t i = 0; i < m->n_kernels; i++)
        m->kernels[i].on[device] = NULL;
    for (size_t i = 0; i < m->n_modules; i++) {
        vg_program_free(m->modules[i].programs[device]);
        m->modules[i].programs[device] = NULL;
    }
}

enum err_code machine_kernel(struct machine *m, uint64_t kernel, int device,
                             const struct vg_kernel **ret, struct err *why)
{
    if (kernel >= m->n_kernels)
        return err_set(why, ERR_NOT_FOUND, "no kernel of that number");
    struct kernel *k = &m->kernels[kernel];
    if (!k->on[device]) {
        const enum err_code rc = load(m, k->module, device, why);
        if (rc != OK)
            return rc;
        k->on[device] = vg_program_kernel(m->modules[k->module].programs[device], k->name);
        if (!k->on[device])
            return err_set(why, ERR_NOT_FOUND, "no kernel %s in the module", k->name);
        const uint32_t registers = registers_of(m, k->name);
        if (registers)
            vg_kernel_set_registers((struct vg_kernel *)k->on[device], registers);
    }
    *ret = k->on[device];
    return OK;
}

static int error_of(const struct call *c, enum err_code rc, const struct err *why)
{
    switch (rc) {
    case OK:
        return CUDA_SUCCESS;
    case ERR_NOT_FOUND:
        return machine_refuse(c->m, CUDA_INVALID_DEVICE_FUNCTION, "%s", why->text);
    case ERR_NOMEM:
        return machine_refuse(c->m, CUDA_MEMORY_ALLOCATION, "%s", why->text);
    case ERR_INVALID:
    case ERR_RANGE:
    case ERR_FORMAT:
    case ERR_UNSUPPORTED:
    case ERR_CONFLICT:
    case ERR_UNAUTHENTICATED:
    case ERR_DENIED:
    case ERR_TOO_LARGE:
    case ERR_LIMIT:
    case ERR_BUSY:
    case ERR_TIMEOUT:
    case ERR_IO:
    case ERR_INTERNAL:
        break;
    }
    return machine_refuse(c->m, CUDA_INVALID_PTX, "%s", why->text);
}

/* The name that is the payload, as a string in `ret`. */
static bool name_of(const struct call *c, char ret[WIRE_NAME])
{
    if (c->bytes == 0 || c->bytes >= WIRE_NAME || memchr(c->payload, '\0', c->bytes) ||
        c->q->arg[0] >= c->m->n_modules)
        return false;
    memcpy(ret, c->payload, c->bytes);
    ret[c->bytes] = '\0';
    return true;
}

static void tell_params(const struct call *c, const struct vg_kernel *k)
{
    struct wire_param p;
    size_t n = 0, offset, bytes;
    while (n < WIRE_PAYLOAD / sizeof p && vg_kernel_param(k, n, &offset, &bytes)) {
        p = (struct wire_param){(uint32_t)offset, (uint32_t)bytes};
        memcpy(c->room + n * sizeof p, &p, sizeof p);
        n++;
    }
    c->reply->ret[1] = n;
    c->reply->ret[2] = vg_kernel_info(k)->param_bytes;
    c->reply->bytes = (uint32_t)(n * sizeof p);
}

int machine_call_KERNEL(const struct call *c)
{
    struct machine *m = c->m;
    char name[WIRE_NAME];
    if (!name_of(c, name) || m->n_kernels == MACHINE_KERNELS)
        return CUDA_INVALID_DEVICE_FUNCTION;
    struct kernel *k = &m->kernels[m->n_kernels];
    *k = (struct kernel){.module = (uint32_t)c->q->arg[0], .name = strdup(name)};
    if (!k->name)
        return CUDA_MEMORY_ALLOCATION;
    m->n_kernels++; /* for machine_kernel(); taken back if it is not there */
    const struct vg_kernel *found = NULL;
    struct err why;
    const enum err_code rc = machine_kernel(m, m->n_kernels - 1, (int)c->q->device, &found, &why);
    if (rc != OK) {
        m->n_kernels--;
        free(k->name);
        return error_of(c, rc, &why);
    }
    const uint32_t fixed = vg_kernel_info(found)->static_shared;
    k->most_dynamic = fixed < OPT_OUT_SHARED ? OPT_OUT_SHARED - fixed : 0;
    c->reply->ret[0] = m->n_kernels - 1;
    tell_params(c, found);
    return CUDA_SUCCESS;
}

static uint32_t most_threads(const struct machine *m, const struct vg_kernel_info *info)
{
    const uint32_t *bound =
        info->func->exact_threads[0] ? info->func->exact_threads : info->func->max_threads;
    uint32_t threads = 1024;
    if (bound[0]) {
        const uint64_t n =
            (uint64_t)bound[0] * (bound[1] ? bound[1] : 1) * (bound[2] ? bound[2] : 1);
        threads = n < threads ? (uint32_t)n : threads;
    }
    while (threads > 32 && profile_blocks(&m->config.profile, threads, info->registers, 0) == 0)
        threads -= 32;
    return threads;
}

int machine_call_KERNEL_INFO(const struct call *c)
{
    struct machine *m = c->m;
    const struct vg_kernel *k = NULL;
    struct err why;
    const enum err_code rc = machine_kernel(m, c->q->arg[0], (int)c->q->device, &k, &why);
    if (rc != OK)
        return error_of(c, rc, &why);
    const struct vg_kernel_info *info = vg_kernel_info(k);
    const struct kernel *kernel = &m->kernels[c->q->arg[0]];
    const uint64_t row[] = {info->registers,      info->static_shared,
                            info->local_bytes,    most_threads(m, info),
                            kernel->most_dynamic, m->modules[kernel->module].ptx.target};
    memcpy(c->reply->ret, row, sizeof row);
    return CUDA_SUCCESS;
}

int machine_call_KERNEL_SET(const struct call *c)
{
    struct machine *m = c->m;
    const struct vg_kernel *k = NULL;
    struct err why;
    enum err_code rc = machine_kernel(m, c->q->arg[0], (int)c->q->device, &k, &why);
    if (rc != OK)
        return error_of(c, rc, &why);
    const int error = machine_act(m, ACT_FUNC_ATTRIBUTE);
    if (error != CUDA_SUCCESS)
        return error;
    if (c->q->arg[1] > m->config.profile.shared_optin - vg_kernel_info(k)->static_shared)
        return CUDA_INVALID_VALUE;
    m->kernels[c->q->arg[0]].most_dynamic = (uint32_t)c->q->arg[1];
    return CUDA_SUCCESS;
}

int machine_call_OCCUPANCY(const struct call *c)
{
    struct machine *m = c->m;
    const struct vg_kernel *k = NULL;
    struct err why;
    const enum err_code rc = machine_kernel(m, c->q->arg[0], (int)c->q->device, &k, &why);
    if (rc != OK)
        return error_of(c, rc, &why);
    if (c->q->arg[1] == 0)
        return CUDA_INVALID_VALUE;
    const struct vg_kernel_info *info = vg_kernel_info(k);
    if (c->q->arg[1] <= most_threads(m, info) && c->q->arg[2] <= m->config.profile.shared_optin)
        c->reply->ret[0] = profile_blocks(&m->config.profile, (uint32_t)c->q->arg[1],
                                          info->registers, info->static_shared + c->q->arg[2]);
    return CUDA_SUCCESS;
}

int machine_call_VARIABLE(const struct call *c)
{
    char name[WIRE_NAME];
    struct machine *m = c->m;
    struct err why;
    if (!name_of(c, name))
        return CUDA_INVALID_SYMBOL;
    const uint32_t module = (uint32_t)c->q->arg[0];
    const enum err_code rc = load(m, module, (int)c->q->device, &why);
    if (rc != OK)
        return error_of(c, rc, &why);
    if (!vg_program_variable(m->modules[module].programs[c->q->device], name, &c->reply->ret[0],
                             &c->reply->ret[1]))
        return CUDA_INVALID_SYMBOL;
    return CUDA_SUCCESS;
}
