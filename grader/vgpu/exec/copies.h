/* For files that are compiled once per instruction set: VG_COPY is the copy's name. */
#pragma once

#ifndef VG_COPY /* a tool that looks at the file alone */
#define VG_COPY portable
#endif
#define VG_JOIN_(a, b)  a##_##b
#define VG_JOIN(a, b)   VG_JOIN_(a, b)
#define VG_COPIED(name) VG_JOIN(name, VG_COPY)

#define VG_INLINE static inline __attribute__((always_inline))
