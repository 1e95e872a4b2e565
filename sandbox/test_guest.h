/* What the tests of the cell share: a stranger (guest.c, static) to be run, and a way to run whole
 * suites both as root and as an ordinary user. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox/cell.h"

/* guest.c as a sealed memfd. */
int guest_image(void);

/* An argv for guest_config: the compound literal lives as long as the caller's block. */
#define GUEST(...) ((const char *const[]){"guest", __VA_ARGS__, NULL})

/* guest.c in a cell, with limits that no test reaches by accident. */
struct cell_config guest_config(enum cell_profile profile, const char *const *argv);

struct outcome {
    struct cell_exit exit;
    char out[8192], err[8192]; /* cut to fit, NUL-ended */
};

/* Opens, waits, closes; fails the test where the cell cannot be opened. */
struct outcome guest_run(const struct cell_config *config);
/* The usual: guest.c with these arguments. */
struct outcome guest_do(enum cell_profile profile, const char *const *argv);

/* Runs the tests; as root, first once more as uid 65534 in a process of its own. */
int guest_run_tests(const char *name, const struct CMUnitTest *tests, size_t count);

const char *guest_verdict(enum cell_verdict verdict);
