/* The calls of the runtime that our own files make. All others are declared by CUDA's headers,
 * where programs include them; abi.h says how their arguments lie. */
#pragma once

int cudaStreamCreateWithFlags(void **ret, unsigned flags);
int cudaStreamDestroy(void *handle);
int cudaStreamWaitEvent(void *stream, void *event, unsigned flags);
int cudaEventCreateWithFlags(void **ret, unsigned flags);
int cudaEventRecord(void *event, void *stream);
int cudaEventDestroy(void *handle);
