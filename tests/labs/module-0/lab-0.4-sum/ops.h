#pragma once

enum { OP_SUM, OP_CRASH };
