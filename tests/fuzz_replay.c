/* fuzz_NAME FOLDER...: gives a fuzz target every file of its corpus, once. This is how a build
 * without libFuzzer keeps what fuzzing has found as a test. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static enum err_code replay_file(const char *folder, const char *name, struct err *why)
{
    struct arena a;
    char *bytes;
    size_t size;
    arena_init(&a, INPUT_MAX + 4096);
    const char *path = arena_printf(&a, "%s/%s", folder, name);
    const enum err_code rc = file_read(AT_FDCWD, path, INPUT_MAX, &a, &bytes, &size, why);
    if (rc == OK)
        LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
    arena_done(&a);
    return rc;
}

static enum err_code replay_folder(const char *folder, int *count, struct err *why)
{
    struct dirent **found;
    const int n = scandir(folder, &found, is_visible, alphasort);
    if (n < 0)
        return err_set(why, ERR_NOT_FOUND, "no corpus in %s", folder);
    enum err_code rc = OK;
    for (int i = 0; i < n; i++) {
        if (rc == OK)
            rc = replay_file(folder, found[i]->d_name, why);
        free(found[i]);
    }
    free(found);
    *count += n;
    return rc;
}

int main(int argc, char **argv)
{
    struct err why = {.code = OK};
    int count = 0;
    for (int i = 1; i < argc; i++)
        if (replay_folder(argv[i], &count, &why) != OK) {
            fprintf(stderr, "%s\n", why.text);
            return 1;
        }
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
