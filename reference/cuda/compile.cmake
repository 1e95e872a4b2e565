# cmake -DNVCC=... -DROOT=... -DKERNEL=quant -DOUT=... -P compile.cmake: compiles KERNEL.cu to PTX and
# to machine code for sm_80 and sm_90. Fails on a warning, on a register spill or a stack frame, and,
# for quant, on a fused multiply-add, which would change bytes.
set(flags -std=c++17 -O3 -lineinfo -I${ROOT} -Xcompiler -Wall,-Wextra -Werror all-warnings)
if(KERNEL STREQUAL quant)
  list(APPEND flags -fmad=false)
endif()

function(compile output)
  execute_process(COMMAND ${NVCC} ${flags} ${ARGN} -o ${OUT}/${output} ${KERNEL}.cu
                  WORKING_DIRECTORY ${ROOT}/reference/cuda
                  OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR said MATCHES "warning")
    message(FATAL_ERROR "${KERNEL}.cu: nvcc ${ARGN}: exit status ${status}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

foreach(arch 80 90)
  compile(${KERNEL}_${arch}.ptx -gencode arch=compute_${arch},code=compute_${arch} -ptx)
  file(READ ${OUT}/${KERNEL}_${arch}.ptx ptx)
  if(KERNEL STREQUAL quant AND ptx MATCHES "fma\\.r[nz]\\.f32")
    message(FATAL_ERROR "quant.cu holds a fused multiply-add: its bytes would not be the reference's")
  endif()
  compile(${KERNEL}_${arch}.cubin -Xptxas -v -gencode arch=compute_${arch},code=sm_${arch} -cubin)
  if(NOT said MATCHES "0 bytes stack frame")
    message(FATAL_ERROR "ptxas -v no longer says what this test reads:\n${said}")
  endif()
  if(said MATCHES "[1-9][0-9]* bytes (stack frame|spill stores|spill loads)")
    message(FATAL_ERROR "${KERNEL}.cu, sm_${arch}: a kernel uses local memory\n${said}")
  endif()
endforeach()
