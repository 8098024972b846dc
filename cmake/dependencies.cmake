# What Debian 12 packages, found once. ops/packages.txt lists the packages.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url system)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
# The static one: Debian's shared library hides re2::hooks, by which a search gives up (ops/adr/0014-filters-give-up.md).
find_library(SLUICE_RE2 libre2.a REQUIRED)
add_library(sluice_re2 STATIC IMPORTED)
set_target_properties(sluice_re2 PROPERTIES IMPORTED_LOCATION ${SLUICE_RE2} INTERFACE_LINK_LIBRARIES Threads::Threads)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(PSL REQUIRED IMPORTED_TARGET libpsl)

# librdkafka is not Debian 12's (ops/adr/0011-librdkafka-from-source.md): ops/librdkafka builds it, once for all presets,
# and leaves a copy of itself beside it.
set(SLUICE_LIBRDKAFKA "$ENV{SLUICE_LIBRDKAFKA}" CACHE PATH "Folder made by ops/librdkafka; empty is build/librdkafka")
set(librdkafka ${SLUICE_LIBRDKAFKA})
if(NOT librdkafka)
  set(librdkafka ${CMAKE_SOURCE_DIR}/build/librdkafka)
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ops/librdkafka)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${CMAKE_SOURCE_DIR}/ops/librdkafka ${librdkafka}/recipe
  RESULT_VARIABLE librdkafka_differs ERROR_QUIET)
if(librdkafka_differs)
  message(FATAL_ERROR "No librdkafka, or an old one, in ${librdkafka}: run ./ops/dev setup (or ./ops/librdkafka)")
endif()
add_library(RDKAFKA::rdkafka STATIC IMPORTED)
set_target_properties(RDKAFKA::rdkafka PROPERTIES IMPORTED_LOCATION ${librdkafka}/lib/librdkafka.a
  INTERFACE_INCLUDE_DIRECTORIES ${librdkafka}/include)
target_link_libraries(RDKAFKA::rdkafka INTERFACE
  OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB PkgConfig::ZSTD Threads::Threads m ${CMAKE_DL_LIBS})
