/* One request: what is wrong with its form, then the handler of its call. */
#include <string.h>

#include "grader/vgpu/device/machine.h"

static int (*const handlers[WIRE_CALLS])(const struct call *) = {
#define CALL(name) machine_call_##name,
#include "grader/vgpu/device/call.def"
#undef CALL
};

/* After a fault a device answers everything with it, but what starts over or only tells. */
static bool works_after_fault(uint32_t call)
{
    return call == WIRE_HELLO || call == WIRE_OUTPUT || call == WIRE_RESET ||
           call == WIRE_REGISTERS;
}

static int refuse_form(const struct call *c)
{
    const struct wire_request *q = c->q;
    if (q->call >= WIRE_CALLS || q->bytes != c->bytes || c->bytes > WIRE_PAYLOAD)
        return CUDA_INVALID_VALUE;
    if (q->device >= (uint32_t)c->m->config.n_devices)
        return CUDA_INVALID_DEVICE;
    if (c->m->fault[q->device] && !works_after_fault(q->call))
        return c->m->fault[q->device];
    /* A copy that goes through the window piece by piece goes on, or ends here. */
    if (q->call != WIRE_COPY_DATA)
        c->m->copy = (struct machine_copy){0};
    return q->device == 0 ? CUDA_SUCCESS : machine_act(c->m, ACT_OTHER_DEVICE);
}

void machine_answer(struct machine *m, const struct wire_request *q, const void *payload,
                    size_t bytes, struct wire_reply *ret, void *payload_room)
{
    const struct call c = {
        .m = m, .q = q, .payload = payload, .bytes = bytes, .reply = ret, .room = payload_room};
    machine_run(m);
    *ret = (struct wire_reply){0};
    ret->error = refuse_form(&c);
    if (ret->error == CUDA_SUCCESS)
        ret->error = handlers[q->call](&c);
    if (ret->error != CUDA_SUCCESS && ret->error != CUDA_NOT_READY)
        ret->bytes = 0;
    ret->printed = m->printed.length > 0;
}

int machine_call_HELLO(const struct call *c)
{
    if (c->q->arg[0] != WIRE_VERSION)
        return machine_refuse(c->m, CUDA_INVALID_VALUE,
                              "the program was built by another version of vgpu: build it again");
    c->reply->ret[0] = (uint64_t)c->m->config.n_devices;
    memcpy(c->room, &c->m->config.profile, sizeof c->m->config.profile);
    c->reply->bytes = sizeof c->m->config.profile;
    return CUDA_SUCCESS;
}

int machine_call_OUTPUT(const struct call *c)
{
    struct str *s = &c->m->printed;
    const size_t n = s->length < WIRE_WINDOW ? s->length : WIRE_WINDOW;
    memcpy(c->m->shared, s->text, n);
    memmove(s->text, s->text + n, s->length - n + 1);
    s->length -= n;
    c->reply->ret[0] = n;
    return CUDA_SUCCESS;
}

int machine_call_RESET(const struct call *c)
{
    const int error = machine_act(c->m, ACT_RESET);
    if (error == CUDA_SUCCESS)
        machine_reset(c->m, (int)c->q->device);
    return error;
}

int machine_call_PEER(const struct call *c)
{
    struct machine *m = c->m;
    const uint64_t peer = c->q->arg[0];
    if (peer >= (uint64_t)m->config.n_devices || peer == c->q->device)
        return CUDA_INVALID_DEVICE;
    const int error = machine_act(m, ACT_PEER);
    if (error != CUDA_SUCCESS)
        return error;
    bool *on = &m->peer[c->q->device][peer];
    if (*on == (c->q->arg[1] != 0))
        return *on ? CUDA_PEER_ENABLED : CUDA_PEER_NOT_ENABLED;
    *on = !*on;
    return CUDA_SUCCESS;
}
