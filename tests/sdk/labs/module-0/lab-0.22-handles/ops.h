#pragma once

enum { OP_NEW, OP_ADD, OP_SUBTRACT, OP_FREE };
