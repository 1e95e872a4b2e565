/* The committed model is the one that its README describes. */
#include <math.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "reference/model/train/story.h"

#define FOLDER "reference/model/stories/"
#define MODEL  FOLDER "stories-q8_0.gguf"

enum { TEXT_MAX = 65536 };

static size_t read_all(FILE *f, char *ret)
{
    assert_non_null(f);
    const size_t n = fread(ret, 1, TEXT_MAX - 1, f);
    ret[n] = 0;
    return n;
}

static void read_file(const char *path, char *ret)
{
    FILE *f = fopen(path, "rb");
    read_all(f, ret);
    fclose(f);
}

/* What tell_story prints for the committed model; TELL_STORY is the program's path. */
static void tell_story(const char *const options[], char *ret)
{
    const char *argv[16] = {TELL_STORY, MODEL};
    int out[2], status;
    pid_t child;
    posix_spawn_file_actions_t actions;
    for (size_t i = 0; options[i]; i++)
        argv[2 + i] = options[i];
    assert_int_equal(pipe(out), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    assert_int_equal(posix_spawn(&child, TELL_STORY, &actions, NULL, (char **)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    read_all(f, ret);
    fclose(f);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static double perplexity_of(const char *type)
{
    char text[TEXT_MAX];
    tell_story((const char *[]){"--perplexity", FOLDER "held-out.txt", "--type", type, NULL}, text);
    static const char start[] = "perplexity ";
    assert_memory_equal(text, start, sizeof start - 1);
    assert_non_null(strstr(text, " over 3048 tokens"));
    return strtod(text + sizeof start - 1, NULL);
}

/* The last column of the row that begins with the type. */
static double stated(const char *readme, const char *type)
{
    char row[64];
    snprintf(row, sizeof row, "\n| %s | ", type);
    const char *at = strstr(readme, row);
    assert_non_null(at);
    at = strstr(at + strlen(row), " | ");
    assert_non_null(at);
    return strtod(at + 3, NULL);
}

/* Kernels of other instruction sets sum in another order: the fourth digit may differ. */
static void the_readme_states_what_is_measured(void **state)
{
    (void)state;
    static const char *const types[] = {"F16", "Q8_0", "Q4_K", "Q4_0"};
    char readme[TEXT_MAX];
    double got[4];
    read_file(FOLDER "README.md", readme);
    for (size_t i = 0; i < 4; i++) {
        got[i] = perplexity_of(types[i]);
        if (fabs(got[i] - stated(readme, types[i])) > 0.0003)
            fail_msg("%s: measured %.4f, stated %.4f", types[i], got[i], stated(readme, types[i]));
    }
    assert_true(got[3] > got[2]); /* Q4_0 loses more than Q4_K */
    assert_true(got[3] > got[0]);
}

static void the_most_likely_story_is_legible(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    tell_story((const char *[]){"--temp", "0", NULL}, text);
    static const char *const parts[] = {"Once upon a time there was a brave cat named Wanda.",
                                        "\"I am sorry. I broke it.\"", "best of friends.\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(text, parts[i]))
            fail_msg("'%s' is missing in: %s", parts[i], text);
}

static void the_held_out_text_is_the_grammars(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    struct rng rng = {2001};
    struct str told;
    str_init(&told, TEXT_MAX);
    for (int i = 0; i < 40; i++)
        story_tell(&rng, &told);
    read_file(FOLDER "held-out.txt", text);
    assert_string_equal(text, told.text);
    str_done(&told);
}

static void all_weights_fit_4_mib(void **state)
{
    (void)state;
    struct stat s;
    assert_int_equal(stat(MODEL, &s), 0);
    assert_true(s.st_size <= 4 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_readme_states_what_is_measured),
        cmocka_unit_test(the_most_likely_story_is_legible),
        cmocka_unit_test(the_held_out_text_is_the_grammars),
        cmocka_unit_test(all_weights_fit_4_mib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
