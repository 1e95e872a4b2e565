#pragma once

enum { OP_SERVE };
