# Compiler and linker settings that hold for every target. ccache and lld are used when present.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(WARNING "Countersign is built and tested with clang 19; g++ 12 miscompiles coroutines (docs/decisions/0001).")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()

find_program(LLD_PROGRAM NAMES ld.lld-19 ld.lld)
if(LLD_PROGRAM)
  add_link_options(-fuse-ld=${LLD_PROGRAM})
endif()

add_compile_options(
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
  -Woverloaded-virtual -Wimplicit-fallthrough -Wextra-semi -Wno-missing-field-initializers
  -fstack-protector-strong -fPIE)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|MinSizeRel)$")
  add_compile_definitions(_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--gc-sections)
  if(LLD_PROGRAM)
    add_link_options(-Wl,--icf=safe -Wl,-z,pack-relative-relocs)
  endif()
  add_compile_options(-ffunction-sections -fdata-sections)
endif()
add_link_options(-pie)

if(COUNTERSIGN_SANITIZE)
  add_compile_options(-fsanitize=${COUNTERSIGN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${COUNTERSIGN_SANITIZE})
  if(COUNTERSIGN_SANITIZE MATCHES "undefined")
    # libstdc++ and Asio rely on these two; both are well defined on every platform we build for.
    add_compile_options(-fno-sanitize=vptr)
  endif()
endif()
# The tests under sanitizers and the fuzz targets share their rooms: two builds of everything would be half of a CI run.
if(COUNTERSIGN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# clang writes a time stamp into precompiled headers, which defeats ccache.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
