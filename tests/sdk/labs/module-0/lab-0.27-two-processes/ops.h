#pragma once

enum { OP_PACK, OP_UNPACK };
