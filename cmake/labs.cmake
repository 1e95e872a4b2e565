# The compiler and the flags of learners' code. `grade` uses the same ones (grader/grade/config.h.in
# is filled from here), so that driver, learner and par are built alike. Included by graded itself and,
# through cmake/package.cmake, by projects of labs that live elsewhere.
set(GRADED_ROOT ${CMAKE_CURRENT_LIST_DIR}/..)
file(REAL_PATH ${GRADED_ROOT} GRADED_ROOT)
find_program(GRADED_LAB_CC gcc REQUIRED)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(GRADED_LAB_ARCH_FLAGS -march=x86-64-v3 -ffp-contract=off)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(GRADED_LAB_ARCH_FLAGS -march=armv8.2-a -ffp-contract=off)
else()
  message(FATAL_ERROR "labs are built for x86-64 and aarch64, this is ${CMAKE_SYSTEM_PROCESSOR}")
endif()
# gcc leaves float-cast-overflow out of `undefined`; (int)NaN in a quantiser is just such a fault.
set(GRADED_LAB_SANITIZE_FLAGS -O1 -g -fsanitize=address,undefined,float-cast-overflow
                              -fno-sanitize-recover=all
                              -fno-omit-frame-pointer)
# The heap of learners' code is counted (grader/sdk/heap.c).
# The runner wants fesetenv(), whatever libraries the lab asks for.
set(GRADED_LAB_LINK_FLAGS -lm)
foreach(function malloc calloc realloc aligned_alloc posix_memalign free)
  list(APPEND GRADED_LAB_LINK_FLAGS -Wl,--wrap=${function})
endforeach()
# A static runner needs no loader and no file in its cell. The first of these linkers that is there:
# docs/performance.md has what each takes. Nobody's objects are of link-time optimisation, so nothing
# asks for its plugin.
foreach(linker gold mold lld bfd)
  find_program(GRADED_LD_${linker} ld.${linker})
  if(GRADED_LD_${linker})
    set(GRADED_LAB_LINKER -fuse-ld=${linker})
    set(GRADED_LAB_LINKER_PROGRAM ${GRADED_LD_${linker}})
    break()
  endif()
endforeach()
list(APPEND GRADED_LAB_LINK_FLAGS -fno-use-linker-plugin ${GRADED_LAB_LINKER})

# What proves a lab: this build's program, or the one of the build that a project of labs names.
if(NOT GRADED_GRADE)
  set(GRADED_GRADE grade)
endif()

# What a sanitized runner loads: pairs of a host file and the path at which the loader looks for it.
# Its cell shows these files and no others.
set(GRADED_SANITIZER_BINDS)
function(graded_bind_library host guest)
  file(REAL_PATH "${host}" real)
  set(GRADED_SANITIZER_BINDS ${GRADED_SANITIZER_BINDS} ${real} ${guest} PARENT_SCOPE)
endfunction()
foreach(library libasan.so.8 libubsan.so.1 libstdc++.so.6 libgcc_s.so.1 libm.so.6 libc.so.6)
  execute_process(COMMAND ${GRADED_LAB_CC} -print-file-name=${library}
                  OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(IS_ABSOLUTE "${path}")
    graded_bind_library(${path} /lib/${library})
  endif()
endforeach()
foreach(loader /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1)
  if(EXISTS ${loader})
    graded_bind_library(${loader} ${loader})
  endif()
endforeach()

# graded_lab(DIR): one lab folder; everything about it comes from its lab.json.
function(graded_lab dir)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${dir}/lab.json)
  file(READ ${dir}/lab.json manifest)
  string(JSON id GET "${manifest}" id)
  string(JSON std GET "${manifest}" build std)
  string(JSON optimize GET "${manifest}" build optimize)
  set(libs)
  string(JSON n_libs ERROR_VARIABLE ignored LENGTH "${manifest}" build libs)
  if(n_libs GREATER 0)
    math(EXPR last "${n_libs} - 1")
    foreach(i RANGE ${last})
      string(JSON lib GET "${manifest}" build libs ${i})
      list(APPEND libs -l${lib})
    endforeach()
  endif()
  set(out ${CMAKE_BINARY_DIR}/labs/${id})
  file(MAKE_DIRECTORY ${out})

  # The trusted side: a module that `grade` loads.
  file(GLOB checks CONFIGURE_DEPENDS ${dir}/check*.c)
  if(NOT checks)
    message(FATAL_ERROR "lab ${id} (${dir}) has no check.c")
  endif()
  add_library(check_${id} MODULE ${checks})
  target_link_libraries(check_${id} PRIVATE graded_flags base reference)
  set_target_properties(check_${id} PROPERTIES C_STANDARD 17 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_include_directories(check_${id} PRIVATE ${dir})
  target_compile_options(check_${id} PRIVATE -O3 -ffp-contract=off)
  set_target_properties(check_${id} PROPERTIES PREFIX "" OUTPUT_NAME check LIBRARY_OUTPUT_DIRECTORY ${out})

  # The untrusted side: driver, given objects and SDK in one relocatable object, in both builds. What
  # is not meant for the learner is made local, so no name of theirs can clash with it or replace it.
  file(GLOB given CONFIGURE_DEPENDS ${dir}/given_*.c)
  file(GLOB headers CONFIGURE_DEPENDS ${dir}/*.h)
  set(flags -std=gnu11 ${optimize} ${GRADED_LAB_ARCH_FLAGS} -Wall -Wextra -Werror
            -I${dir} -I${GRADED_ROOT}/grader/sdk)
  set(products)
  set(sdk_target)
  if(TARGET lab_sdk)
    set(sdk_target lab_sdk)
  endif()
  foreach(kind plain sanitize)
    set(objects)
    foreach(unit ${GRADED_SDK_UNITS})
      list(APPEND objects ${GRADED_SDK_OBJECTS}/${unit}.${kind}.o)
    endforeach()
    set(kind_flags)
    if(kind STREQUAL sanitize)
      set(kind_flags ${GRADED_LAB_SANITIZE_FLAGS})
    endif()
    foreach(source ${dir}/driver.c ${given})
      get_filename_component(name ${source} NAME_WE)
      set(visibility)
      if(name STREQUAL driver)
        set(visibility -fvisibility=hidden)
      endif()
      set(object ${out}/${name}.${kind}.o)
      add_custom_command(OUTPUT ${object}
        COMMAND ${GRADED_LAB_CC} ${flags} ${kind_flags} ${visibility} -c ${source} -o ${object}
        DEPENDS ${source} ${headers} ${GRADED_ROOT}/grader/sdk/driver.h VERBATIM)
      list(APPEND objects ${object})
    endforeach()
    add_custom_command(OUTPUT ${out}/harness.${kind}.o
      COMMAND ld -r -o ${out}/harness.${kind}.o ${objects}
      COMMAND objcopy --localize-hidden ${out}/harness.${kind}.o
      DEPENDS ${objects} ${sdk_target} VERBATIM)
    list(APPEND products ${out}/harness.${kind}.o)
  endforeach()

  # Par: the lab's solution, built as a learner's submission would be.
  file(GLOB solution CONFIGURE_DEPENDS ${dir}/solution/*.c)
  add_custom_command(OUTPUT ${out}/par
    COMMAND ${GRADED_LAB_CC} -std=${std} ${optimize} ${GRADED_LAB_ARCH_FLAGS} -I${dir} ${solution}
            ${out}/harness.plain.o -static ${GRADED_LAB_LINK_FLAGS} ${libs} -o ${out}/par
    DEPENDS ${solution} ${headers} ${out}/harness.plain.o VERBATIM)
  add_custom_target(lab_${id} ALL DEPENDS ${products} ${out}/par)

  add_test(NAME lab_${id} COMMAND ${GRADED_GRADE} test --quick --cache ${CMAKE_BINARY_DIR}/cache ${dir})
  set_tests_properties(lab_${id} PROPERTIES LABELS labs TIMEOUT 600
                       ENVIRONMENT GRADED_LAB_BUILD=${CMAKE_BINARY_DIR}/labs)
endfunction()

# graded_labs(DIR): every lab below it. Each folder with a lab.json is one; there is no list to edit.
function(graded_labs dir)
  file(GLOB manifests CONFIGURE_DEPENDS ${dir}/module-*/lab-*/lab.json)
  foreach(manifest ${manifests})
    get_filename_component(lab ${manifest} DIRECTORY)
    graded_lab(${lab})
  endforeach()
endfunction()
