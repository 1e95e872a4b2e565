/* What CUDA 13's headers lay out in memory, declared by ourselves so that the library builds
 * without the toolkit. test_abi.c holds every offset against the real headers where they are.
 *
 * Source: driver_types.h and vector_types.h of CUDA 13.0. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct abi_dim3 {
    unsigned x, y, z;
};

struct abi_extent {
    size_t width, height, depth;
};

struct abi_pos {
    size_t x, y, z;
};

struct abi_pitched {
    void *ptr;
    size_t pitch, xsize, ysize;
};

struct abi_location {
    int type, id;
};

struct abi_device_prop {
    char name[256], uuid[16], luid[8];
    unsigned luid_device_node_mask;
    size_t total_global_mem, shared_mem_per_block;
    int regs_per_block, warp_size;
    size_t mem_pitch;
    int max_threads_per_block, max_threads_dim[3], max_grid_size[3];
    size_t total_const_mem;
    int major, minor;
    size_t texture_alignment, texture_pitch_alignment;
    int multi_processor_count, integrated, can_map_host_memory;
    int textures_and_surfaces[39]; /* maxTexture1D to maxSurfaceCubemapLayered: all 0 */
    size_t surface_alignment;
    int concurrent_kernels, ecc_enabled, pci_bus_id, pci_device_id, pci_domain_id, tcc_driver;
    int async_engine_count, unified_addressing, memory_bus_width, l2_cache_size;
    int persisting_l2_cache_max_size, max_threads_per_multi_processor;
    int stream_priorities_supported, global_l1_cache_supported, local_l1_cache_supported;
    size_t shared_mem_per_multiprocessor;
    int regs_per_multiprocessor, managed_memory, is_multi_gpu_board, multi_gpu_board_group_id;
    int host_native_atomic_supported, pageable_memory_access, concurrent_managed_access;
    int compute_preemption_supported, can_use_host_pointer_for_registered_mem;
    int cooperative_launch;
    size_t shared_mem_per_block_optin;
    int pageable_memory_access_uses_host_page_tables, direct_managed_mem_access_from_host;
    int max_blocks_per_multi_processor, access_policy_max_window_size;
    size_t reserved_shared_mem_per_block;
    int host_register_supported, sparse_cuda_array_supported;
    int host_register_read_only_supported, timeline_semaphore_interop_supported;
    int memory_pools_supported, gpu_direct_rdma_supported;
    unsigned gpu_direct_rdma_flush_writes_options;
    int gpu_direct_rdma_writes_ordering;
    unsigned memory_pool_supported_handle_types;
    int deferred_mapping_cuda_array_supported, ipc_event_supported, cluster_launch;
    int unified_function_pointers;
    int numa_mps_and_reserved[63];
};

struct abi_func_attributes {
    size_t shared_bytes, const_bytes, local_bytes;
    int max_threads_per_block, registers, ptx_version, binary_version, cache_mode_ca;
    int max_dynamic_shared_bytes, preferred_carveout;
    int cluster[6], reserved[16];
};

struct abi_pointer_attributes {
    int type, device; /* 0 unregistered, 1 host, 2 device, 3 managed */
    void *device_pointer, *host_pointer;
    long reserved[8];
};

struct abi_kernel_node {
    void *func;
    struct abi_dim3 grid, block;
    unsigned shared_bytes;
    void **params, **extra;
};

struct abi_memset {
    void *to;
    size_t pitch;
    unsigned value, element_size;
    size_t width, height;
};

struct abi_memcpy3d {
    void *from_array;
    struct abi_pos from_pos;
    struct abi_pitched from;
    void *to_array;
    struct abi_pos to_pos;
    struct abi_pitched to;
    struct abi_extent extent;
    int kind;
};

struct abi_host_node {
    void (*fn)(void *);
    void *data;
};

struct abi_launch_attribute {
    int id;
    char pad[4];
    union {
        char bytes[64];
        int cooperative;
        struct abi_dim3 cluster;
    } value;
};

struct abi_launch_config {
    struct abi_dim3 grid, block;
    size_t dynamic_shared;
    void *stream;
    struct abi_launch_attribute *attributes;
    unsigned n_attributes;
};

enum abi_memcpy_kind { ABI_HOST_TO_HOST, ABI_TO_DEVICE, ABI_TO_HOST, ABI_LOCAL, ABI_DEFAULT };

enum abi_launch_attribute_id { ABI_COOPERATIVE = 2, ABI_CLUSTER = 4, ABI_PREFERRED_CLUSTER = 11 };
