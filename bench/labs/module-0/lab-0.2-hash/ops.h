/* Operations of the driver. */
#pragma once

enum { OP_HASH };
