#pragma once

enum { OP_APPEND, OP_READ_BACK };
