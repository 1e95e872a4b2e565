#pragma once

enum { OP_TALK };
