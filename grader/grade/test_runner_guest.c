/* A dishonest runner for test_runner.c, static and without the SDK: operation 0 answers and waits,
 * 1 answers and goes on computing, 2 from then on watches for the next frame instead of the bell.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "grader/sdk/frame.h"

enum { ANSWERS, GOES_ON, WATCHES, WORK_NS = 2000000 };

static void work(void)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < WORK_NS);
}

static void answer(uint64_t sequence, volatile struct frame_reply *reply)
{
    reply->sequence = sequence;
    (void)!write(FRAME_FD_BELL, "x", 1);
}

static void watch(const volatile struct frame_call *call, volatile struct frame_reply *reply)
{
    for (uint64_t seen = reply->sequence;;) {
        while (call->sequence == seen)
            ;
        seen = call->sequence;
        work();
        answer(seen, reply);
    }
}

int main(void)
{
    const volatile struct frame_call *call =
        mmap(NULL, FRAME_PAGE, PROT_READ, MAP_SHARED, FRAME_FD_INPUT, 0);
    volatile uint8_t *output =
        mmap(NULL, 2 * FRAME_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, FRAME_FD_OUTPUT, 0);
    volatile struct frame_reply *reply = (volatile struct frame_reply *)(volatile void *)output;
    volatile uint64_t *counter = (volatile uint64_t *)(volatile void *)(output + FRAME_PAGE);
    char byte;
    while (read(FRAME_FD_BELL, &byte, 1) == 1) {
        answer(call->sequence, reply);
        if (call->op == WATCHES)
            watch(call, reply);
        while (call->op == GOES_ON)
            ++*counter;
    }
    return 0;
}
