/* What test_talk.c asks of its guest. */
#pragma once

enum {
    ECHOES,
    IS_SILENT,
    FLOODS,
    HALF_AN_ANSWER,
    EXITS,
    RETURNS, /* at once, and accepts nothing */
    STAYS_CONNECTED,
};
