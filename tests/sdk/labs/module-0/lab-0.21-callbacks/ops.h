/* Operations, and the kinds of entries in a log. */
#pragma once

enum { OP_WORDS };
enum { LOG_WORD };
