/* The stranger that the tests of the cell run: a static program whose first argument says what to
 * try. What it finds it prints. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static long number(const char *text)
{
    return strtol(text, NULL, 0);
}

static int do_exit(char **a)
{
    return (int)number(a[0]);
}

static int do_raise(char **a)
{
    raise((int)number(a[0]));
    return 0;
}

static int do_print(char **a)
{
    printf("%s\n", a[0]);
    fprintf(stderr, "%s\n", a[1]);
    return 0;
}

/* N bytes on stdout; without end where N is 0. */
static int do_flood(char **a)
{
    static char block[4096];
    memset(block, 'x', sizeof block);
    const long n = number(a[0]);
    for (long done = 0; n == 0 || done < n;) {
        const long rest = n == 0 ? 4096 : n - done;
        const ssize_t written = write(1, block, rest < 4096 ? (size_t)rest : 4096);
        if (written < 0)
            return 1;
        done += written;
    }
    return 0;
}

static int do_spin(char **a)
{
    (void)a;
    for (volatile unsigned i = 0; i < 1; i -= i)
        ;
    return 0;
}

/* In N processes. */
static int do_spins(char **a)
{
    for (long n = number(a[0]); n > 1 && fork() > 0; n--)
        ;
    return do_spin(a);
}

static int do_sleep(char **a)
{
    struct timespec t = {.tv_sec = number(a[0])};
    return nanosleep(&t, NULL);
}

/* Touches N MiB. */
static int do_eat(char **a)
{
    const long mib = number(a[0]);
    for (long i = 0; i < mib; i++) {
        char *block = malloc(1 << 20);
        if (block == NULL)
            abort();
        for (volatile char *at = block; at < block + (1 << 20); at += 1024)
            *at = 1;
    }
    puts("eaten");
    return 0;
}

static char recurse(int depth)
{
    volatile char block[4096];
    block[depth % 4096] = (char)depth;
    if (depth < 0)
        return 0;
    return (char)(recurse(depth + 1) + block[depth % 4096]);
}

static int do_recurse(char **a)
{
    (void)a;
    return recurse(0);
}

/* Forks children that stay, until it cannot; says how many it got. */
static int do_forks(char **a)
{
    (void)a;
    int n = 0;
    for (; n < 1000; n++) {
        const pid_t pid = fork();
        if (pid == 0)
            pause(), _exit(0);
        if (pid < 0)
            break;
    }
    printf("%d\n", n);
    return 0;
}

/* Counts for ever in the first word of descriptor 3. */
static int do_count(char **a)
{
    volatile uint64_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
    if (word == MAP_FAILED)
        return 1;
    if (a[0] != NULL && fork() > 0)
        return 0; /* and leaves a child that does so */
    for (;;)
        ++*word;
}

static int do_environ(char **a)
{
    (void)a;
    for (char **e = environ; *e != NULL; e++)
        puts(*e);
    return 0;
}

static int do_descriptors(char **a)
{
    (void)a;
    for (int fd = 0; fd < 2048; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d ", fd);
    puts("");
    return 0;
}

static int do_identity(char **a)
{
    struct utsname u;
    (void)a;
    uname(&u);
    printf("%s pid %d uid %d gid %d\n", u.nodename, (int)getpid(), (int)getuid(), (int)getgid());
    return 0;
}

static int do_list(char **a)
{
    DIR *dir = opendir(a[0]);
    if (dir == NULL) {
        printf("%s\n", strerror(errno));
        return 1;
    }
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            printf("%s ", e->d_name);
    puts("");
    return 0;
}

static int do_link(char **a)
{
    char text[256];
    const ssize_t n = readlink(a[0], text, sizeof text);
    printf("%.*s\n", n < 0 ? 0 : (int)n, text);
    return n < 0;
}

static int do_cat(char **a)
{
    char block[4096];
    const int fd = open(a[0], O_RDONLY);
    if (fd < 0) {
        printf("%s\n", strerror(errno));
        return 1;
    }
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;)
        (void)!write(1, block, (size_t)n);
    return 0;
}

/* Writes N bytes to a file. */
static int do_write(char **a)
{
    static char block[65536];
    const int fd = open(a[0], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) {
        printf("%s\n", strerror(errno));
        return 1;
    }
    for (long rest = number(a[1]); rest > 0;) {
        const ssize_t n = write(fd, block, rest < 65536 ? (size_t)rest : sizeof block);
        if (n < 0) {
            printf("%s\n", strerror(errno));
            return 1;
        }
        rest -= n;
    }
    return 0;
}

/* Any system call, by number. */
static int do_call(char **a)
{
    long v[7] = {0};
    for (int i = 0; i < 7 && a[i] != NULL; i++)
        v[i] = number(a[i]);
    const long rc = syscall(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
    printf("%ld %s\n", rc, rc < 0 ? strerror(errno) : "");
    return 0;
}

/* A page of data, made executable. */
static int do_gain(char **a)
{
    (void)a;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    puts(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? "gained" : strerror(errno));
    return 0;
}

static int do_open(char **a)
{
    return fopen(a[0], "r") == NULL;
}

static int do_exec(char **a)
{
    char *const argv[] = {a[0], NULL};
    execv(a[0], argv);
    puts(strerror(errno));
    return 1;
}

static int do_fork(char **a)
{
    (void)a;
    return fork() < 0;
}

static void *no_work(void *argument)
{
    return argument;
}

static int do_thread(char **a)
{
    pthread_t thread;
    (void)a;
    return pthread_create(&thread, NULL, no_work, NULL);
}

static void *wait_for_ever(void *argument)
{
    pause();
    return argument;
}

/* Makes threads that stay, until it cannot; says how many it got. */
static int do_threads(char **a)
{
    (void)a;
    pthread_t thread;
    int n = 0;
    while (n < 1000 && pthread_create(&thread, NULL, wait_for_ever, NULL) == 0)
        n++;
    printf("%d\n", n);
    return 0;
}

/* Counts in the first word of descriptor 3, in N threads that it leaves behind. */
static void *count_for_ever(void *word)
{
    for (volatile uint64_t *at = word;; ++*at)
        ;
    return NULL;
}

static int do_counts(char **a)
{
    pthread_t thread;
    void *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
    for (long n = number(a[0]); n > 0; n--)
        if (word == MAP_FAILED || pthread_create(&thread, NULL, count_for_ever, word) != 0)
            return 1;
    return pause();
}

static struct sockaddr_in address(const char *text, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, text, &to.sin_addr);
    return to;
}

/* A server and its client in one thread: the kernel takes the connection before accept does. */
static int do_tcp(char **a)
{
    (void)a;
    char word[8] = {0};
    struct sockaddr_in to = address("127.0.0.1", 8080);
    const int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&to, sizeof to) != 0 || listen(server, 4) != 0 ||
        connect(client, (struct sockaddr *)&to, sizeof to) != 0) {
        printf("%s\n", strerror(errno));
        return 1;
    }
    const int met = accept(server, NULL, NULL);
    if (send(client, "hello", 5, 0) != 5 || recv(met, word, sizeof word, 0) != 5)
        return 1;
    puts(word);
    return 0;
}

static int do_connect(char **a)
{
    const struct sockaddr_in to = address(a[0], 80);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (const struct sockaddr *)&to, sizeof to) == 0)
        puts("connected");
    else
        printf("%s\n", strerror(errno));
    return 0;
}

static int do_remove(char **a)
{
    puts(remove(a[0]) == 0 ? "gone" : strerror(errno));
    return 0;
}

static int do_int80(char **a)
{
    (void)a;
#ifdef __x86_64__
    long rc = 20; /* getpid of the 32-bit ABI */
    __asm__ volatile("int $0x80" : "+a"(rc) : : "memory");
    printf("%ld\n", rc);
#endif
    return 0;
}

static const struct {
    const char *name;
    int (*run)(char **arguments);
} acts[] = {
    {"exit", do_exit},
    {"raise", do_raise},
    {"print", do_print},
    {"flood", do_flood},
    {"spin", do_spin},
    {"spins", do_spins},
    {"sleep", do_sleep},
    {"eat", do_eat},
    {"recurse", do_recurse},
    {"forks", do_forks},
    {"count", do_count},
    {"environ", do_environ},
    {"descriptors", do_descriptors},
    {"identity", do_identity},
    {"list", do_list},
    {"link", do_link},
    {"cat", do_cat},
    {"write", do_write},
    {"call", do_call},
    {"gain", do_gain},
    {"open", do_open},
    {"exec", do_exec},
    {"fork", do_fork},
    {"thread", do_thread},
    {"int80", do_int80},
    {"threads", do_threads},
    {"counts", do_counts},
    {"tcp", do_tcp},
    {"connect", do_connect},
    {"remove", do_remove},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(argv[1], acts[i].name) == 0)
            return acts[i].run(argv + 2);
    return 99;
}
