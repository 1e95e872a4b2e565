#pragma once

enum { OP_EACH, OP_TOGETHER };
