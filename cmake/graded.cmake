# How every folder of graded is built: one set of flags, one way to add a library, a program, a test.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
# Asserts state what only our own bug can break; they stay in every build.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
foreach(lib jansson libsodium libseccomp sqlite3 libmicrohttpd libarchive zlib libcurl cmocka)
  string(TOUPPER ${lib} name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${lib})
endforeach()

add_library(graded_flags INTERFACE)
target_compile_definitions(graded_flags INTERFACE _GNU_SOURCE)
target_include_directories(graded_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(graded_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wvla -Wformat=2 -Wundef -Wwrite-strings -fno-common -fstack-protector-strong)
target_link_options(graded_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
if(GRADED_SANITIZE)
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(graded_flags INTERFACE ${sanitize})
  target_link_options(graded_flags INTERFACE ${sanitize})
endif()

# graded_library(NAME SOURCES file... [USES target...])
function(graded_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC graded_flags ${arg_USES})
endfunction()

# graded_program(NAME SOURCES file... [USES target...]): an executable in bin/
function(graded_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE graded_flags ${arg_USES})
endfunction()

# graded_test(NAME SOURCES file... [USES target...] [LABEL unit|api|cell|labs|web|gpu|slow|bench]
#             [TIMEOUT seconds]): a cmocka program, run by CTest
function(graded_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;USES" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  target_link_libraries(${name} PRIVATE graded_flags ${arg_USES} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
endfunction()
