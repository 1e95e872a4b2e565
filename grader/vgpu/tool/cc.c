/* `vgpu cc`: nvcc to objects with plain PTX, ptxas beside it for what PTX does not say, then a link
 * with our runtime library in place of NVIDIA's.
 *
 * The register counts of ptxas become a small object, vgpurt_registers, that the runtime library
 * finds in the program. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "grader/vgpu/tool/registers.h"
#include "grader/vgpu/tool/tool.h"

enum { PTX_MAX = 64 << 20, LOG_MAX = 16 << 20, LINES_MAX = 4 << 20 };

struct build {
    struct arena arena;
    struct words sources, objects, options, link;
    const char *output;
    const char *nvcc, *ptxas, *library;
    const char *room; /* a directory of our own */
    bool compile_only, chose_target;
    struct str lines; /* registers */
};

static int complain(const char *what)
{
    fprintf(stderr, "vgpu cc: %s\n", what);
    return TOOL_FAILED;
}

static const char *ending(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && !strchr(dot, '/') ? dot : "";
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* ---- where the tools are ---- */

static const char *executable_in(struct build *b, const char *folder, size_t length,
                                 const char *name)
{
    const char *path = arena_printf(&b->arena, "%.*s/%s", (int)length, folder, name);
    return path && access(path, X_OK) == 0 ? path : NULL;
}

static const char *find_tool(struct build *b, const char *name)
{
    const char *home = getenv("CUDA_HOME");
    const char *found = NULL;
    if (home && *home) {
        const char *bin = arena_printf(&b->arena, "%s/bin", home);
        found = bin ? executable_in(b, bin, strlen(bin), name) : NULL;
    }
    for (const char *at = getenv("PATH"); !found && at && *at;) {
        const size_t length = strcspn(at, ":");
        found = executable_in(b, at, length, name);
        at += length + (at[length] == ':');
    }
    static const char usual[] = "/usr/local/cuda/bin";
    return found ? found : executable_in(b, usual, sizeof usual - 1, name);
}

/* Beside this program: ../lib/libvgpurt.a. */
static const char *find_library(struct build *b)
{
    char self[4096];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return NULL;
    self[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
    }
    const char *path = arena_printf(&b->arena, "%s/lib/libvgpurt.a", self);
    return path && access(path, R_OK) == 0 ? path : NULL;
}

static int find_tools(struct build *b)
{
    b->nvcc = find_tool(b, "nvcc");
    b->ptxas = find_tool(b, "ptxas");
    b->library = find_library(b);
    if (!b->nvcc || !b->ptxas)
        return complain("no nvcc in PATH, CUDA_HOME/bin or /usr/local/cuda/bin: install NVIDIA's "
                        "CUDA toolkit 13 (cuda-nvcc and cuda-cudart-dev are enough; no GPU and no "
                        "driver are needed)");
    if (!b->library)
        return complain("libvgpurt.a is not in ../lib of this program");
    return 0;
}

/* ---- the command line ---- */

static int refuse_option(const char *word)
{
    static const char *const relocatable[] = {
        "-dc", "--device-c", "-rdc=true", "-dlink", "-dlto", "--relocatable-device-code=true",
        NULL};
    if (is_one_of(word, relocatable))
        return complain("relocatable device code is not supported: put kernels and the device "
                        "functions that they call into one file");
    return 0;
}

/* Options of nvcc whose value is the next word. */
static bool takes_value(const char *word)
{
    static const char *const list[] = {
        "-I",         "-D",       "-U",       "-L",       "-l",
        "-x",         "-std",     "-arch",    "-gencode", "-code",
        "-Xcompiler", "-Xptxas",  "-Xlinker", "-include", "-maxrregcount",
        "-ccbin",     "-isystem", "-O",       NULL};
    return is_one_of(word, list);
}

static void sort_word(struct build *b, const char *word)
{
    static const char *const sources[] = {".cu", ".cpp", ".cc", ".cxx", ".c", NULL};
    static const char *const objects[] = {".o", ".a", ".so", NULL};
    if (strcmp(word, "-c") == 0)
        b->compile_only = true;
    else if (word[0] != '-' && is_one_of(ending(word), sources))
        words_add(&b->sources, word);
    else if (word[0] != '-' && is_one_of(ending(word), objects))
        words_add(&b->link, word);
    else if (strcmp(word, "-lcudart") != 0 && strcmp(word, "-lcudart_static") != 0)
        words_add(&b->options, word);
    if (strncmp(word, "-arch", 5) == 0 || strncmp(word, "-gencode", 8) == 0)
        b->chose_target = true;
}

static int read_words(struct build *b, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const int refused = refuse_option(argv[i]);
        if (refused)
            return refused;
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) {
            b->output = argv[++i];
            continue;
        }
        sort_word(b, argv[i]);
        if (takes_value(argv[i]) && i + 1 < argc)
            words_add(&b->options, argv[++i]);
    }
    if (b->sources.n == 0 && b->link.n == 0) {
        fprintf(stderr, "usage: vgpu cc FILE.cu... [-o PROGRAM] [nvcc's options]\n");
        return TOOL_USAGE;
    }
    if (b->compile_only && b->output && b->sources.n > 1)
        return complain("-c with -o takes one file");
    return 0;
}

/* ---- registers ---- */

static int is_ptx(const struct dirent *e)
{
    return strcmp(ending(e->d_name), ".ptx") == 0;
}

/* The target that a PTX file names: "sm_80". */
static const char *target_of(struct build *b, const char *text)
{
    const char *at = strstr(text, "\n.target sm_");
    return at ? arena_printf(&b->arena, "-arch=%.*s", (int)strcspn(at + 9, ",\n \r"), at + 9)
              : "-arch=sm_80";
}

/* What ptxas says of one file; that it says nothing is no reason to stop: then registers are
 * estimated. */
static int ask_ptxas(struct build *b, const char *path)
{
    struct err why;
    struct arena a;
    char *text, *log;
    size_t size;
    arena_init(&a, PTX_MAX + LOG_MAX);
    const char *log_path = arena_printf(&b->arena, "%s/ptxas.log", b->room);
    const int fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int status = -1;
    if (fd >= 0 && file_read(AT_FDCWD, path, PTX_MAX, &a, &text, &size, &why) == OK) {
        const char *const argv[] = {b->ptxas,    "-v", target_of(b, text), path, "-o",
                                    "/dev/null", NULL};
        status = tool_spawn(argv, fd);
    }
    if (fd >= 0)
        close(fd);
    if (status == 0 && file_read(AT_FDCWD, log_path, LOG_MAX, &a, &log, &size, &why) == OK)
        registers_read(log, &b->lines);
    else if (status > 0 && file_read(AT_FDCWD, log_path, LOG_MAX, &a, &log, &size, &why) == OK)
        fprintf(stderr, "vgpu cc: ptxas refuses what nvcc made: %s", log);
    arena_done(&a);
    return status < 0 ? complain("ptxas could not be run") : status;
}

static int ask_ptxas_of_folder(struct build *b, const char *folder)
{
    struct dirent **found;
    const int n = scandir(folder, &found, is_ptx, alphasort);
    int status = 0;
    for (int i = 0; i < n; i++) {
        if (status == 0)
            status = ask_ptxas(b, arena_printf(&b->arena, "%s/%s", folder, found[i]->d_name));
        free(found[i]);
    }
    if (n >= 0)
        free(found);
    return status;
}

/* ---- compiling and linking ---- */

static void add_options(const struct build *b, struct words *w)
{
    for (size_t i = 0; i < b->options.n; i++)
        words_add(w, b->options.list[i]);
}

static const char *object_of(struct build *b, size_t i)
{
    if (!b->compile_only)
        return arena_printf(&b->arena, "%s/%zu.o", b->room, i);
    if (b->output)
        return b->output;
    const char *slash = strrchr(b->sources.list[i], '/');
    const char *name = slash ? slash + 1 : b->sources.list[i];
    return arena_printf(&b->arena, "%.*s.o", (int)(strlen(name) - strlen(ending(name))), name);
}

static int compile(struct build *b, size_t i)
{
    struct words w = {.arena = &b->arena};
    const bool cuda = strcmp(ending(b->sources.list[i]), ".cu") == 0;
    const char *object = object_of(b, i);
    const char *keep = arena_printf(&b->arena, "%s/%zu", b->room, i);
    if (!keep || mkdir(keep, 0700) != 0)
        return complain("no room for nvcc's files");
    words_add(&w, b->nvcc);
    if (cuda) {
        words_add(&w, "--no-compress");
        words_add(&w, "-lineinfo");
        words_add(&w, "--keep");
        words_add(&w, "--keep-dir");
        words_add(&w, keep);
    }
    if (cuda && !b->chose_target) {
        words_add(&w, "-gencode");
        words_add(&w, "arch=compute_80,code=compute_80");
    }
    add_options(b, &w);
    words_add(&w, "-c");
    words_add(&w, b->sources.list[i]);
    words_add(&w, "-o");
    words_add(&w, object);
    words_add(&b->objects, object);
    const int status = tool_spawn(w.list, -1);
    if (status != 0 || !cuda)
        return status < 0 ? TOOL_FAILED : status;
    return ask_ptxas_of_folder(b, keep);
}

/* vgpurt_registers as C, from lines whose names are identifiers. */
static int write_registers(struct build *b, const char **ret_object)
{
    struct str s;
    struct err why;
    str_init(&s, 2 * LINES_MAX);
    str_add(&s, "extern const char vgpurt_registers[];\nconst char vgpurt_registers[] =\n");
    for (const char *line = b->lines.text; *line;) {
        const size_t length = strcspn(line, "\n");
        str_printf(&s, "    \"%.*s\\n\"\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    str_add(&s, "    \"\";\n");
    const char *path = arena_printf(&b->arena, "%s/registers.c", b->room);
    *ret_object = arena_printf(&b->arena, "%s/registers.o", b->room);
    const enum err_code rc = s.cut ? err_set(&why, ERR_TOO_LARGE, "too many kernels")
                                   : file_replace(AT_FDCWD, path, s.text, s.length, &why);
    str_done(&s);
    if (rc != OK)
        return complain(why.text);
    const char *const argv[] = {b->nvcc, "-c", path, "-o", *ret_object, NULL};
    return tool_spawn(argv, -1);
}

static int link_program(struct build *b)
{
    struct words w = {.arena = &b->arena};
    const char *registers;
    const int status = write_registers(b, &registers);
    if (status != 0)
        return status;
    words_add(&w, b->nvcc);
    words_add(&w, "-cudart");
    words_add(&w, "none");
    for (size_t i = 0; i < b->objects.n; i++)
        words_add(&w, b->objects.list[i]);
    for (size_t i = 0; i < b->link.n; i++)
        words_add(&w, b->link.list[i]);
    words_add(&w, registers);
    add_options(b, &w);
    words_add(&w, b->library);
    words_add(&w, "-lpthread");
    words_add(&w, "-o");
    words_add(&w, b->output ? b->output : "a.out");
    return tool_spawn(w.list, -1);
}

static void remove_room(const char *room)
{
    const char *const argv[] = {"rm", "-rf", "--", room, NULL};
    tool_spawn(argv, -1);
}

static int build_all(struct build *b)
{
    int status = find_tools(b);
    for (size_t i = 0; status == 0 && i < b->sources.n; i++)
        status = compile(b, i);
    if (status == 0 && !b->compile_only)
        status = link_program(b);
    return status;
}

int tool_cc(int argc, char **argv)
{
    struct build b = {0};
    char room[] = "/tmp/vgpu-cc-XXXXXX";
    arena_init(&b.arena, 64 << 20);
    str_init(&b.lines, LINES_MAX);
    b.sources.arena = b.objects.arena = b.options.arena = b.link.arena = &b.arena;
    int status = read_words(&b, argc, argv);
    if (status == 0 && !(b.room = mkdtemp(room)))
        status = complain("no room for nvcc's files in /tmp");
    if (status == 0)
        status = build_all(&b);
    if (b.room)
        remove_room(b.room);
    str_done(&b.lines);
    arena_done(&b.arena);
    return status;
}
