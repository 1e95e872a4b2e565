/* check_house ROOT BUILD: says which house rules are broken, and exits with 1 if any is. */
#include <stdio.h>

#include "tools/house.h"

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: check_house ROOT BUILD\n");
        return 2;
    }
    struct house_findings f;
    struct err why = {0};
    house_findings_init(&f);
    enum err_code rc = house_check_sources(argv[1], &f, &why);
    if (rc == OK)
        rc = house_check_links(argv[2], &f, &why);
    fputs(f.text.text, stdout);
    if (rc != OK)
        fprintf(stderr, "check_house: %s\n", why.text);
    const int status = rc != OK ? 3 : f.count > 0;
    house_findings_done(&f);
    return status;
}
