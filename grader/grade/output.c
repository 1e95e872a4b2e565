#include "grader/grade/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static void write_text(const struct output *o, const struct report *r, struct str *out)
{
    report_write_text(r, o->colour, out);
}

static void write_github(const struct output *o, const struct report *r, struct str *out)
{
    report_write_github(r, o->paths, o->n_paths, out);
}

#define PLAIN(name)                                                                                \
    static void write_##name(const struct output *o, const struct report *r, struct str *out)      \
    {                                                                                              \
        (void)o;                                                                                   \
        report_write_##name(r, out);                                                               \
    }
PLAIN(json)
PLAIN(junit)
PLAIN(gradescope)
PLAIN(sarif)
PLAIN(markdown)

/* Whoever types the command has the lab's sources too, and sees all; what Gradescope and GitHub
 * show goes to learners. */
static const struct format {
    const char *name;
    void (*write)(const struct output *o, const struct report *r, struct str *out);
    enum report_reader reader;
} formats[] = {
    {"text", write_text, REPORT_FOR_STAFF},
    {"json", write_json, REPORT_FOR_STAFF},
    {"junit", write_junit, REPORT_FOR_STAFF},
    {"gradescope", write_gradescope, REPORT_FOR_LEARNER},
    {"sarif", write_sarif, REPORT_FOR_STAFF},
    {"github", write_github, REPORT_FOR_LEARNER},
    {"markdown", write_markdown, REPORT_FOR_LEARNER},
};

static const struct format *format_named(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

enum err_code output_check(const struct output *o, struct err *why)
{
    if (format_named(o->format) == NULL)
        return err_set(why, ERR_INVALID, "--format is " OUTPUT_FORMATS);
    if (o->reader != NULL && strcmp(o->reader, "learner") != 0 && strcmp(o->reader, "staff") != 0)
        return err_set(why, ERR_INVALID, "--for is learner or staff");
    return OK;
}

static enum report_reader reader_of(const struct output *o)
{
    if (o->reader == NULL)
        return format_named(o->format)->reader;
    return strcmp(o->reader, "staff") == 0 ? REPORT_FOR_STAFF : REPORT_FOR_LEARNER;
}

static enum err_code append_summary(const char *path, const struct report *r, struct err *why)
{
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "the step summary %s", path);
    struct str text;
    str_init(&text, REPORT_JSON_MAX);
    report_write_markdown(r, &text);
    enum err_code rc = file_write_all(fd, text.text, text.length, why);
    str_done(&text);
    if (close(fd) != 0 && rc == OK)
        rc = err_sys(why, ERR_IO, errno, "the step summary %s", path);
    return rc;
}

enum err_code output_write(const struct output *o, const struct report *r, struct arena *a,
                           struct str *out, struct err *why)
{
    const struct format *format = format_named(o->format);
    struct report shown;
    if (report_redact(r, reader_of(o), a, &shown) != OK)
        return err_set(why, ERR_NOMEM, "no memory for the report");
    format->write(o, &shown, out);
    if (out->length > 0 && out->text[out->length - 1] != '\n')
        str_add_char(out, '\n');
    if (format->write == write_github && o->summary != NULL)
        return append_summary(o->summary, &shown, why);
    return OK;
}
