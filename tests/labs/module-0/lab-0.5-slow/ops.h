#pragma once

enum { OP_SUM };
