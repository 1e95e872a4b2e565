/* train_stories DIR [STEPS]: makes the model of the lessons. Writes DIR/stories-q8_0.gguf,
 * DIR/stories-f32.gguf, loss.csv, loss.svg, and held-out.txt, stories to measure it by. 1500 steps
 * take about 20 minutes on two idle cores. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "reference/model/train/curve.h"
#include "reference/model/train/export.h"
#include "reference/model/train/story.h"
#include "reference/quant/quant.h"

enum {
    VOCAB = 512,
    VOCAB_STORIES = 4000, /* from which the vocabulary is found: about 2 MB */
    STEPS = 1500,
    STEPS_MAX = 100000,
    REPORT_EVERY = 50,
    ARENA_BYTES = 256 << 20,
    HELD_OUT_STORIES = 40,
    HELD_OUT_SEED = 2001, /* no half of the training draws from it */
};

static const struct net_shape shape = {.vocab = VOCAB,
                                       .dim = 256,
                                       .ff = 768,
                                       .layers = 3,
                                       .heads = 8,
                                       .kv_heads = 4,
                                       .context = 256,
                                       .rope_base = 10000,
                                       .eps = 1e-5f};

static void tell(void *context, const struct train_point *p)
{
    const struct train_plan *plan = context;
    printf("step %5d of %d   loss %.4f   held out %.4f\n", p->step, plan->steps, p->loss,
           p->held_out);
    fflush(stdout);
}

static void find_vocabulary(struct arena *a, struct bpe *ret)
{
    struct rng rng = {1};
    struct str text;
    str_init(&text, 16 << 20);
    for (int i = 0; i < VOCAB_STORIES; i++)
        story_tell(&rng, &text);
    /* The vocabulary keeps no pointer into the text. */
    bpe_train(text.text, text.length, VOCAB, a, ret);
    str_done(&text);
}

static enum err_code write_text(const char *dir, const char *name,
                                void (*write)(const struct train_point *, size_t, struct str *),
                                const struct train_job *job, struct arena *a, struct err *why)
{
    struct str out;
    str_init(&out, 1 << 20);
    write(job->points, job->n_points, &out);
    const enum err_code rc =
        file_replace(AT_FDCWD, arena_printf(a, "%s/%s", dir, name), out.text, out.length, why);
    str_done(&out);
    return rc;
}

static enum err_code write_held_out(const char *dir, struct arena *a, struct err *why)
{
    struct rng rng = {HELD_OUT_SEED};
    struct str out;
    str_init(&out, 1 << 20);
    for (int i = 0; i < HELD_OUT_STORIES; i++)
        story_tell(&rng, &out);
    const enum err_code rc =
        file_replace(AT_FDCWD, arena_printf(a, "%s/held-out.txt", dir), out.text, out.length, why);
    str_done(&out);
    return rc;
}

static enum err_code write_all(const char *dir, const struct train_job *job, struct arena *a,
                               struct err *why)
{
    enum err_code rc = export_gguf(job->net, job->bpe, job->w, REF_Q8_0,
                                   arena_printf(a, "%s/stories-q8_0.gguf", dir), why);
    if (rc == OK)
        rc = export_gguf(job->net, job->bpe, job->w, REF_F32,
                         arena_printf(a, "%s/stories-f32.gguf", dir), why);
    if (rc == OK)
        rc = write_text(dir, "loss.csv", curve_csv, job, a, why);
    if (rc == OK)
        rc = write_held_out(dir, a, why);
    return rc == OK ? write_text(dir, "loss.svg", curve_svg, job, a, why) : rc;
}

static enum err_code run(const char *dir, int steps, struct arena *a, struct err *why)
{
    struct bpe bpe;
    struct net net;
    net_init(&net, &shape);
    struct train_job job = {
        .net = &net,
        .bpe = &bpe,
        .plan = {.steps = steps,
                 .warm_up = 100,
                 .sequences = 8,
                 .rate = 2e-3,
                 .decay = 0.1,
                 .seed = 1,
                 .report_every = REPORT_EVERY},
        .w = arena_array(a, net.size, sizeof(float)),
        .points = arena_array(a, STEPS_MAX / REPORT_EVERY + 2, sizeof(struct train_point)),
        .tell = tell};
    job.context = &job.plan;
    if (job.w == NULL || job.points == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %zu weights", net.size);
    find_vocabulary(a, &bpe);
    printf("%zu weights, %u tokens\n", net.size, BPE_MERGED + bpe.n_merges);
    const enum err_code rc = train(&job, why);
    return rc == OK ? write_all(dir, &job, a, why) : rc;
}

int main(int argc, char **argv)
{
    struct err why;
    struct arena a;
    int64_t steps = STEPS;
    if (argc < 2 || argc > 3 ||
        (argc == 3 && parse_i64(argv[2], "STEPS", 1, STEPS_MAX, &steps, &why) != OK)) {
        fprintf(stderr, "usage: train_stories DIR [STEPS, 1 to %d]\n", STEPS_MAX);
        return EXIT_FAILURE;
    }
    arena_init(&a, ARENA_BYTES);
    enum err_code rc = file_make_dirs(argv[1], &why);
    if (rc == OK)
        rc = run(argv[1], (int)steps, &a, &why);
    if (rc != OK)
        fprintf(stderr, "train_stories: %s\n", why.text);
    arena_done(&a);
    return rc == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
