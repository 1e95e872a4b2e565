/* make fuzz: any bytes as lab.json and as module.json. What is refused is refused with a story that
 * names a line of the text; what is taken keeps what the server relies on. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "grader/report/locate.h"
#include "grader/report/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lines_of(const uint8_t *data, size_t size)
{
    int lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

static void check_story(const struct err *why, const uint8_t *data, size_t size)
{
    assert(strncmp(why->text, "x.json:", 7) == 0);
    const long line = strtol(why->text + 7, NULL, 10);
    assert(line <= lines_of(data, size)); /* -1 where Jansson knows none */
}

static void check_texts(const json_t *lab)
{
    static const char *const texts[] = {"id", "slug", "title"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert(json_string_length(json_object_get(lab, texts[i])) > 0);
    const json_t *files = json_object_get(lab, "files");
    assert(json_array_size(files) >= 1 && json_array_size(files) <= MANIFEST_FILES);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        assert(strchr(json_string_value(json_object_get(file, "name")), '/') == NULL);
        assert(json_integer_value(json_object_get(file, "max_bytes")) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *lab = NULL, *module = NULL;
    struct err why = {.code = OK};
    if (manifest_read_lab((const char *)data, size, "x.json", &lab, &why) == OK)
        check_texts(lab);
    else
        check_story(&why, data, size);
    if (manifest_read_module((const char *)data, size, "x.json", &module, &why) != OK)
        check_story(&why, data, size);
    /* Also for what is no JSON the search for a line ends, and inside the text. */
    const int line = locate_line((const char *)data, size, "/groups/2/points");
    assert(line >= 1 && line <= lines_of(data, size));
    json_decref(lab);
    json_decref(module);
    return 0;
}
