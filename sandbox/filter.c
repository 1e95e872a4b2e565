#include "sandbox/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sandbox/filter_table.h"

static int complete(const struct filter_entry *entry, struct filter *ret)
{
    uint64_t cookie;
    if (getrandom(&cookie, sizeof cookie, 0) != sizeof cookie)
        return EIO;
    struct sock_filter *code = malloc(entry->length * sizeof *code);
    if (code == NULL)
        return ENOMEM;
    memcpy(code, entry->code, entry->length * sizeof *code);
    code[entry->cookie_high].k = (uint32_t)(cookie >> 32);
    code[entry->cookie_low].k = (uint32_t)cookie;
    *ret =
        (struct filter){.program = {.len = entry->length, .filter = code}, .exec_cookie = cookie};
    return 0;
}

enum err_code filter_get(enum cell_profile profile, unsigned extras, struct filter *ret,
                         struct err *why)
{
    static struct filter filters[FILTER_PROFILES][FILTER_EXTRA_SETS];
    const struct filter_entry *entry = &filter_table[profile][extras];
    struct filter *f = &filters[profile][extras];
    if (entry->code == NULL)
        return err_set(why, ERR_INVALID, "profile %d has no filter with extras 0x%x", (int)profile,
                       extras);
    const int error = f->program.filter == NULL ? complete(entry, f) : 0;
    if (error != 0)
        return err_sys(why, ERR_UNSUPPORTED, error, "completing the system call filter");
    *ret = *f;
    return OK;
}

void filter_call_name(int number, char *ret, size_t size)
{
    if (number >= 0 && number < filter_n_names && filter_names[number] != NULL)
        snprintf(ret, size, "%s", filter_names[number]);
    else
        snprintf(ret, size, "call %d", number);
}
