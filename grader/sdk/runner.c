/* The runner: main() of the process in which a learner's code runs. It waits for the bell, hands a
 * call to the lab's driver and rings back. It is untrusted: linked with a stranger's object, it may
 * be made to do anything. Nothing here decides anything; it only makes honest code comfortable. */
#include <errno.h>
#include <fenv.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"
#include "frame.h"

struct lab_call {
    struct frame_call frame; /* our copy: the shared page may not change under the driver */
    struct frame_reply *reply;
    const uint8_t *input;
    uint8_t *output;
};

static const struct frame_arg *argument(const struct lab_call *c, unsigned i)
{
    static const struct frame_arg none;
    return i < FRAME_ARGS ? &c->frame.args[i] : &none;
}

int64_t lab_i64(const struct lab_call *c, unsigned i)
{
    return argument(c, i)->i64;
}

double lab_f64(const struct lab_call *c, unsigned i)
{
    return argument(c, i)->f64;
}

const void *lab_in(const struct lab_call *c, unsigned i)
{
    return c->input + argument(c, i)->offset;
}

void *lab_out(const struct lab_call *c, unsigned i)
{
    return c->output + argument(c, i)->offset;
}

size_t lab_size(const struct lab_call *c, unsigned i)
{
    return argument(c, i)->size;
}

void lab_return(struct lab_call *c, unsigned result, int64_t value)
{
    if (result < FRAME_RESULTS)
        c->reply->result[result] = value;
}

int lab_listener(const struct lab_call *c)
{
    return c->frame.listener > 0 ? (int)c->frame.listener : -1;
}

/* At `wish`, if nothing is there and it is not NULL. */
static void *map_whole(int fd, int protection, void *wish, uint64_t *ret_size)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        _exit(101);
    void *p = mmap(wish, (size_t)st.st_size, protection, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        _exit(102);
    *ret_size = (uint64_t)st.st_size;
    return p;
}

/* Guard pages move only when the shape of a call does, so equal calls cost no system call. */
struct guards {
    uint64_t page[FRAME_ARGS];
    unsigned count;
};

static struct guards guards_of(const struct frame_call *f, uint64_t input_size)
{
    struct guards g = {.count = 0};
    for (unsigned i = 0; i < FRAME_ARGS; i++) {
        if (f->args[i].kind != FRAME_IN)
            continue;
        const uint64_t end = f->args[i].offset + f->args[i].size;
        const uint64_t page = (end + FRAME_PAGE - 1) / FRAME_PAGE * FRAME_PAGE;
        if (page + FRAME_PAGE <= input_size)
            g.page[g.count++] = page;
    }
    return g;
}

static int same_guards(const struct guards *a, const struct guards *b)
{
    if (a->count != b->count)
        return 0;
    for (unsigned i = 0; i < a->count; i++)
        if (a->page[i] != b->page[i])
            return 0;
    return 1;
}

static void set_guards(const uint8_t *input, const struct guards *g, int protection)
{
    for (unsigned i = 0; i < g->count; i++)
        if (mprotect((void *)(uintptr_t)(input + g->page[i]), FRAME_PAGE, protection) != 0)
            _exit(103);
}

static int wait_for_bell(void)
{
    char byte;
    for (;;) {
        const ssize_t got = read(FRAME_FD_BELL, &byte, 1);
        if (got == 1)
            return 1;
        if (got == 0 || errno != EINTR)
            return 0;
    }
}

__attribute__((visibility("default"))) int main(void)
{
    uint64_t input_size, output_size;
    static struct lab_call call;
    call.input =
        map_whole(FRAME_FD_INPUT, PROT_READ, (void *)(uintptr_t)FRAME_INPUT_AT, &input_size);
    call.output = map_whole(FRAME_FD_OUTPUT, PROT_READ | PROT_WRITE, NULL, &output_size);
    call.reply = (struct frame_reply *)(void *)call.output;

    struct guards now = {.count = 0};
    while (wait_for_bell()) {
        call.frame = *(const struct frame_call *)(const void *)call.input;
        if (call.frame.magic != FRAME_MAGIC || call.frame.op >= lab_n_ops)
            _exit(104);
        const struct guards next = guards_of(&call.frame, input_size);
        if (!same_guards(&now, &next)) {
            set_guards(call.input, &now, PROT_READ);
            set_guards(call.input, &next, PROT_NONE);
            now = next;
        }
        /* A call before may have changed the rounding mode; an honest one should not pay for it. */
        fesetenv(FE_DFL_ENV);
        lab_ops[call.frame.op].run(&call);
        call.reply->sequence = call.frame.sequence;
        const char byte = 1;
        if (write(FRAME_FD_BELL, &byte, 1) != 1)
            break;
    }
    return 0;
}
