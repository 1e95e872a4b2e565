/* group: power-cut */
/* The mistake: begins with an empty store. */
#include "lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2 * STORE_WORD + 8, JOURNAL_MAX = 65536 };

struct store {
    char key[STORE_KEYS][STORE_WORD + 1], value[STORE_KEYS][STORE_WORD + 1];
    int keys, journal;
};

static int place_of(const struct store *s, const char *key)
{
    int i = 0;
    while (i < s->keys && strcmp(s->key[i], key) != 0)
        i++;
    return i;
}

static int keep(struct store *s, const char *key, const char *value)
{
    const int i = place_of(s, key);
    if (i == STORE_KEYS)
        return -1;
    strcpy(s->key[i], key);
    strcpy(s->value[i], value);
    s->keys += i == s->keys;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t written = write(fd, bytes, n);
        if (written < 0)
            return -1;
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

/* Up to the last line that has an end; the rest is cut off. */
static int replay(struct store *s)
{
    static char bytes[JOURNAL_MAX + 1];
    const ssize_t n = read(s->journal, bytes, JOURNAL_MAX);
    char *line = bytes, key[STORE_WORD + 1], value[STORE_WORD + 1];
    if (n < 0)
        return -1;
    bytes[0] = '\0';
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (sscanf(line, "put %31s %31s", key, value) != 2 || keep(s, key, value) != 0)
            return -1;
    }
    return ftruncate(s->journal, line - bytes) != 0 || lseek(s->journal, line - bytes, SEEK_SET) < 0
               ? -1
               : 0;
}

static const char *put(struct store *s, const char *key, const char *value)
{
    char record[LINE_MAX_BYTES];
    const int n = snprintf(record, sizeof record, "put %s %s\n", key, value);
    if (write_all(s->journal, record, (size_t)n) != 0 || fsync(s->journal) != 0)
        return "failed";
    return keep(s, key, value) == 0 ? "ok" : "full";
}

static const char *answer(struct store *s, const char *line)
{
    char key[STORE_WORD + 1], value[STORE_WORD + 1];
    if (sscanf(line, "put %31s %31s", key, value) == 2)
        return put(s, key, value);
    if (sscanf(line, "get %31s", key) != 1)
        return "what?";
    const int i = place_of(s, key);
    return i < s->keys ? s->value[i] : "none";
}

static void serve_client(struct store *s, int client)
{
    char byte, line[LINE_MAX_BYTES], text[LINE_MAX_BYTES];
    size_t size = 0;
    while (recv(client, &byte, 1, 0) == 1) {
        if (byte != '\n' && size + 1 < sizeof line) {
            line[size++] = byte;
            continue;
        }
        line[size] = '\0';
        size = 0;
        const int n = snprintf(text, sizeof text, "%s\n", answer(s, line));
        if (send(client, text, (size_t)n, MSG_NOSIGNAL) != n)
            return;
    }
}

int store_serve(int listener, const char *journal)
{
    struct store s = {.journal = open(journal, O_RDWR | O_CREAT, 0600)};
    if (s.journal < 0 || replay(&s) != 0)
        return -1;
    const int client = accept(listener, NULL, NULL);
    if (client >= 0)
        serve_client(&s, client);
    close(client);
    close(s.journal);
    return s.keys;
}
