# One set of flags for everything: C++20, warnings are errors, sanitizers by preset.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(SLUICE_SANITIZE "" CACHE STRING "Value of -fsanitize= for all targets, for example address,undefined or thread")
option(SLUICE_FUZZ "Build the fuzz targets with libFuzzer (needs clang)" OFF)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths count from this checkout, so that what one checkout compiled is found by every other. A precompiled header
  # counts by its .sum file, see precompile.cmake.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_PCH_EXTSUM=1 CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# A linker that is faster by far where programs are linked again and again; the default one does as well.
find_program(MOLD mold)

add_library(sluice_flags INTERFACE)
if(MOLD AND NOT SLUICE_FUZZ)
  target_link_options(sluice_flags INTERFACE -fuse-ld=mold)
endif()
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wnon-virtual-dtor -Woverloaded-virtual
  -Wconversion -Wsign-conversion -Wold-style-cast
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_options(sluice_flags INTERFACE $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local,-Wshadow>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside optimised library templates (GCC bugs 105329, 105651).
  target_compile_options(sluice_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
    -Wno-array-bounds -Wno-dangling-pointer -Wno-stringop-overread)
  # And this one in optimised coroutines whose frames Asio allocates, when only one of its two operators is inlined.
  target_compile_options(sluice_flags INTERFACE -Wno-mismatched-new-delete)
endif()
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR})
# Some packages ask for it and some do not; a precompiled header fits only where all have it.
target_compile_definitions(sluice_flags INTERFACE _FILE_OFFSET_BITS=64)
if(SLUICE_SANITIZE)
  target_compile_options(sluice_flags INTERFACE -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sluice_flags INTERFACE -fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(sluice_flags INTERFACE -Wno-tsan)
  endif()
  if(SLUICE_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 cannot place this check's prologue in the split parts of a coroutine: it stops with an assembler error.
    target_compile_options(sluice_flags INTERFACE -fno-sanitize=function)
  endif()
endif()
if(SLUICE_FUZZ)
  target_compile_options(sluice_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
