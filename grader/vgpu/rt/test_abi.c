/* abi.h against CUDA's own headers. Nothing runs: it compiles or it does not. */
#include <stddef.h>

#include <cuda_runtime_api.h>

#include "grader/vgpu/rt/abi.h"

#define SAME_SIZE(ours, theirs) _Static_assert(sizeof(struct ours) == sizeof(theirs), #ours)
#define SAME_PLACE(ours, our, theirs, their)                                                       \
    _Static_assert(offsetof(struct ours, our) == offsetof(theirs, their), #our)
#define PROP(our, their) SAME_PLACE(abi_device_prop, our, struct cudaDeviceProp, their)
#define FUNC(our, their) SAME_PLACE(abi_func_attributes, our, struct cudaFuncAttributes, their)

SAME_SIZE(abi_device_prop, struct cudaDeviceProp);
PROP(uuid, uuid);
PROP(total_global_mem, totalGlobalMem);
PROP(warp_size, warpSize);
PROP(mem_pitch, memPitch);
PROP(max_threads_dim, maxThreadsDim);
PROP(max_grid_size, maxGridSize);
PROP(total_const_mem, totalConstMem);
PROP(major, major);
PROP(texture_alignment, textureAlignment);
PROP(multi_processor_count, multiProcessorCount);
PROP(can_map_host_memory, canMapHostMemory);
PROP(textures_and_surfaces, maxTexture1D);
PROP(surface_alignment, surfaceAlignment);
PROP(concurrent_kernels, concurrentKernels);
PROP(async_engine_count, asyncEngineCount);
PROP(unified_addressing, unifiedAddressing);
PROP(memory_bus_width, memoryBusWidth);
PROP(l2_cache_size, l2CacheSize);
PROP(max_threads_per_multi_processor, maxThreadsPerMultiProcessor);
PROP(stream_priorities_supported, streamPrioritiesSupported);
PROP(shared_mem_per_multiprocessor, sharedMemPerMultiprocessor);
PROP(regs_per_multiprocessor, regsPerMultiprocessor);
PROP(managed_memory, managedMemory);
PROP(concurrent_managed_access, concurrentManagedAccess);
PROP(cooperative_launch, cooperativeLaunch);
PROP(shared_mem_per_block_optin, sharedMemPerBlockOptin);
PROP(max_blocks_per_multi_processor, maxBlocksPerMultiProcessor);
PROP(reserved_shared_mem_per_block, reservedSharedMemPerBlock);
PROP(memory_pools_supported, memoryPoolsSupported);
PROP(cluster_launch, clusterLaunch);
PROP(numa_mps_and_reserved, deviceNumaConfig);

SAME_SIZE(abi_func_attributes, struct cudaFuncAttributes);
FUNC(max_threads_per_block, maxThreadsPerBlock);
FUNC(registers, numRegs);
FUNC(ptx_version, ptxVersion);
FUNC(max_dynamic_shared_bytes, maxDynamicSharedSizeBytes);

SAME_SIZE(abi_pointer_attributes, struct cudaPointerAttributes);
SAME_PLACE(abi_pointer_attributes, host_pointer, struct cudaPointerAttributes, hostPointer);
SAME_SIZE(abi_kernel_node, struct cudaKernelNodeParams);
SAME_PLACE(abi_kernel_node, params, struct cudaKernelNodeParams, kernelParams);
SAME_SIZE(abi_memset, struct cudaMemsetParams);
SAME_PLACE(abi_memset, element_size, struct cudaMemsetParams, elementSize);
SAME_SIZE(abi_memcpy3d, struct cudaMemcpy3DParms);
SAME_PLACE(abi_memcpy3d, to, struct cudaMemcpy3DParms, dstPtr);
SAME_PLACE(abi_memcpy3d, kind, struct cudaMemcpy3DParms, kind);
SAME_SIZE(abi_host_node, struct cudaHostNodeParams);
SAME_SIZE(abi_location, struct cudaMemLocation);
SAME_SIZE(abi_launch_attribute, cudaLaunchAttribute);
SAME_PLACE(abi_launch_attribute, value, cudaLaunchAttribute, val);
SAME_SIZE(abi_launch_config, cudaLaunchConfig_t);
SAME_PLACE(abi_launch_config, attributes, cudaLaunchConfig_t, attrs);
_Static_assert((int)ABI_CLUSTER == (int)cudaLaunchAttributeClusterDimension, "cluster");
_Static_assert((int)ABI_COOPERATIVE == (int)cudaLaunchAttributeCooperative, "cooperative");
_Static_assert((int)ABI_LOCAL == (int)cudaMemcpyDeviceToDevice, "kinds");

int main(void)
{
    return 0;
}
