/* The description of this API, server/openapi.json, is part of the program. */
#include "server/api/inside.h"

#ifndef OPENAPI_JSON
#error "CMakeLists.txt gives the path of openapi.json"
#endif

/* The assembler reads the file; both compilers know the directive. */
__asm__(".section .rodata\n"
        ".globl openapi_json\n.type openapi_json, @object\n"
        "openapi_json:\n.incbin \"" OPENAPI_JSON "\"\n"
        ".globl openapi_json_end\n.type openapi_json_end, @object\n"
        "openapi_json_end:\n.byte 0\n"
        ".previous\n");
extern const char openapi_json[], openapi_json_end[];

void openapi_handler(struct http_request *r, void *context)
{
    (void)context;
    http_cache(r, "no-cache");
    http_reply(r, 200, "application/json", openapi_json, (size_t)(openapi_json_end - openapi_json));
}
