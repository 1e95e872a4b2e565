/* graded: the command line. Arguments, defaults and exit statuses live here and nowhere else. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "server/admin/command.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* An option has one letter inside: the commands' lists below name what each takes. */
static const struct option known[] = {
    {"data", required_argument, NULL, 'd'},     {"labs", required_argument, NULL, 'l'},
    {"grade", required_argument, NULL, 'g'},    {"web", required_argument, NULL, 'w'},
    {"listen", required_argument, NULL, 'a'},   {"port", required_argument, NULL, 'p'},
    {"workers", required_argument, NULL, 'n'},  {"grace", required_argument, NULL, 'G'},
    {"secure-cookies", no_argument, NULL, 'c'}, {"name", required_argument, NULL, 'N'},
    {"role", required_argument, NULL, 'r'},     {"scopes", required_argument, NULL, 's'},
    {"password-stdin", no_argument, NULL, 'P'}, {"strict", no_argument, NULL, 'S'},
    {"sandbox", required_argument, NULL, 'x'},  {0}};

#define SERVING "dlgwapnGcSx"
static const struct command {
    const char *word, *second; /* "user", "add"; second NULL: one word */
    const char *takes;         /* letters of options */
    int n_rest;
    const char *usage, *about;
    command_fn *run;
} commands[] = {
    {"serve", NULL, SERVING, 0, "serve [options]", "serve until SIGTERM", command_serve},
    {"demo", NULL, SERVING, 0, "demo [options]", "migrate, seed demo users, serve", command_demo},
    {"migrate", NULL, "d", 0, "migrate", "make or bring up to date DATA/graded.db",
     command_migrate},
    {"user", "add", "dNrP", 1, "user add LOGIN [--name NAME] [--role ROLE] [--password-stdin]",
     "role: learner (default), instructor, admin", command_user_add},
    {"user", "list", "d", 0, "user list", "id, login, role, name", command_user_list},
    {"user", "password", "d", 1, "user password LOGIN", "read from standard input; ends sessions",
     command_user_password},
    {"token", "create", "dNs", 1, "token create LOGIN [--name NAME] [--scopes submit,read]",
     "prints the secret, once", command_token_create},
    {"token", "revoke", "d", 2, "token revoke LOGIN ID", "it is refused from now on",
     command_token_revoke},
    {"cohort", "add", "d", 1, "cohort add NAME", "a new cohort", command_cohort_add},
    {"cohort", "member", "dr", 2, "cohort member NAME LOGIN [--role ROLE]",
     "role: learner (default), instructor", command_cohort_member},
    {"backup", NULL, "d", 1, "backup FILE", "a checked copy of the database, while it is in use",
     command_backup},
    {"rebuild", NULL, "d", 0, "rebuild", "compute scores anew from submissions and reports",
     command_rebuild},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out)
{
    fputs("graded grades C and CUDA lab work.\n\n", out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  graded %s\n      %s\n", commands[i].usage, commands[i].about);
    fputs("\n"
          "All take --data DIR (default: data). Options of serve and demo:\n"
          "  --listen ADDRESS   numeric; default 127.0.0.1\n"
          "  --port N           default 8080; 0: any free one\n"
          "  --workers N        gradings at a time; default: one per core\n"
          "  --grace SECONDS    for gradings under way when it stops; default 30\n"
          "  --labs DIR         the course\n"
          "  --grade PATH       the grader; default: beside this program\n"
          "  --strict           start only where every guarantee of a cell holds\n"
          "  --sandbox PATH     graded-sandbox, which --strict asks; default: beside this program\n"
          "  --web DIR          the built web app\n"
          "  --secure-cookies   sessions over https only: behind a proxy that ends TLS\n"
          "\n"
          "Exit status: 0 done, 1 failed, 2 usage.\n",
          out);
}

static int usage_error(const char *what)
{
    fprintf(stderr, "graded: %s\nTry `graded --help`.\n", what);
    return EXIT_USAGE;
}

/* ---- Options ---- */

static enum err_code set_path(char ret[PATH_MAX], const char *path, struct err *why)
{
    if ((size_t)snprintf(ret, PATH_MAX, "%s", path) >= PATH_MAX)
        return err_set(why, ERR_RANGE, "the path %.60s... is too long", path);
    return OK;
}

static enum err_code set_number(const char *text, const char *what, uint64_t max, uint64_t *ret,
                                struct err *why)
{
    return parse_u64(text, what, 0, max, ret, why);
}

/* The grader stands beside this program; the course and the web app are where they were built. */
static enum err_code set_defaults(struct options *o, struct err *why)
{
    *o = (struct options){.listen = "127.0.0.1", .port = 8080, .grace_ms = 30000};
    char self[PATH_MAX - 32] = "";
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = length > 0 ? strrchr(self, '/') : NULL;
    if (slash != NULL)
        *slash = '\0';
    snprintf(o->grade, sizeof o->grade, "%s/grade", self);
    snprintf(o->sandbox, sizeof o->sandbox, "%s/graded-sandbox", self);
    enum err_code rc = set_path(o->data, "data", why);
    if (rc == OK)
        rc = set_path(o->labs, GRADED_SOURCE_DIR "/labs", why);
    if (rc == OK && access(GRADED_SOURCE_DIR "/web/dist/index.html", R_OK) == 0)
        rc = set_path(o->web, GRADED_SOURCE_DIR "/web/dist", why);
    return rc;
}

static enum err_code take_number(struct options *o, int letter, const char *value, struct err *why)
{
    uint64_t n = 0;
    enum err_code rc = OK;
    switch (letter) {
    case 'p':
        rc = set_number(value, "--port", UINT16_MAX, &n, why);
        o->port = (uint16_t)n;
        return rc;
    case 'n':
        rc = set_number(value, "--workers", 256, &n, why);
        o->workers = (unsigned)n;
        return rc;
    default: /* 'G' */
        rc = set_number(value, "--grace", 3600, &n, why);
        o->grace_ms = (int64_t)n * 1000;
        return rc;
    }
}

static enum err_code take_option(struct options *o, int letter, const char *value, struct err *why)
{
    switch (letter) {
    case 'd':
        return set_path(o->data, value, why);
    case 'l':
        return set_path(o->labs, value, why);
    case 'g':
        return set_path(o->grade, value, why);
    case 'w':
        return set_path(o->web, value, why);
    case 'x':
        return set_path(o->sandbox, value, why);
    case 'S':
        o->strict = true;
        return OK;
    case 'a':
        o->listen = value;
        return OK;
    case 'c':
        o->secure_cookies = true;
        return OK;
    case 'N':
        o->name = value;
        return OK;
    case 'r':
        o->role = value;
        return OK;
    case 's':
        o->scopes = value;
        return OK;
    case 'P':
        o->password_from_stdin = true;
        return OK;
    default:
        return take_number(o, letter, value, why);
    }
}

/* argv begins with the command's last word. */
static enum err_code parse(const struct command *c, int argc, char **argv, struct options *o,
                           struct err *why)
{
    opterr = 0;
    int which = 0;
    for (int letter; (letter = getopt_long(argc, argv, "", known, &which)) != -1;) {
        if (letter == '?')
            return err_set(why, ERR_INVALID, "%s: unknown option, or its value is missing",
                           argv[optind - 1]);
        if (strchr(c->takes, letter) == NULL)
            return err_set(why, ERR_INVALID, "`graded %s` does not take --%s", c->usage,
                           known[which].name);
        const enum err_code rc = take_option(o, letter, optarg, why);
        if (rc != OK)
            return rc;
    }
    if (argc - optind != c->n_rest)
        return err_set(why, ERR_INVALID, "expected: graded %s", c->usage);
    o->rest = argv + optind;
    return OK;
}

static const struct command *find_command(int argc, char **argv)
{
    for (int i = 0; i < COMMANDS; i++) {
        const struct command *c = &commands[i];
        if (strcmp(argv[1], c->word) == 0 &&
            (c->second == NULL || (argc > 2 && strcmp(argv[2], c->second) == 0)))
            return c;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage_error("expected a command");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return print_usage(stdout), EXIT_DONE;
    if (strcmp(argv[1], "--version") == 0)
        return puts("graded " GRADED_VERSION) >= 0 ? EXIT_DONE : EXIT_FAILED;
    const struct command *c = find_command(argc, argv);
    if (c == NULL)
        return usage_error("no such command");
    struct options o;
    struct err why = {0};
    const int words = c->second != NULL ? 2 : 1;
    enum err_code rc = set_defaults(&o, &why);
    if (rc == OK)
        rc = parse(c, argc - words, argv + words, &o, &why);
    if (rc != OK)
        return usage_error(why.text);
    if (c->run(&o, &why) == OK)
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
    fprintf(stderr, "graded: %s\n", why.text);
    return EXIT_FAILED;
}
