# Precompiled headers, shared by all targets of a preset: what most files include is read once instead of by each of them.
#
#   sluice_precompile(TARGET KIND)      KIND: pure, asio or test
#
# A file compiles in 2.4 s of CPU with them and in 5.4 s without (2026-11-28). The fuzz preset does without, because
# clang builds it, and so shows the includes that a file forgot.
option(SLUICE_PCH "Use precompiled headers" OFF)

function(sluice_make_precompiled kind)
  add_library(pch.${kind} OBJECT EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/pch/empty.cpp)
  target_link_libraries(pch.${kind} PRIVATE sluice_flags Boost::headers fmt::fmt Threads::Threads ${ARGN})
  # As logplex.runtime defines them: a precompiled header is used only where its macros are the same.
  if(NOT kind STREQUAL "pure")
    target_compile_definitions(pch.${kind} PRIVATE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
      BOOST_ASIO_DISABLE_BOOST_REGEX)
  endif()
  target_precompile_headers(pch.${kind} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/${kind}.hpp)
  # What ccache takes for the content of the header: the same in every checkout, and another one with other libraries.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/pch.${kind}.dir/cmake_pch.hxx.gch.sum ${pch_content})
endfunction()

if(SLUICE_PCH)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/pch/*.hpp)
  set(pch_content "${CMAKE_CXX_COMPILER_VERSION} ${Boost_VERSION} ${GTest_VERSION} ${fmt_VERSION}")
  foreach(header IN LISTS headers)
    file(SHA256 ${header} digest)
    string(APPEND pch_content " ${digest}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
  endforeach()
  # Some packages ask for it and some do not; a precompiled header fits only where all have it.
  target_compile_options(sluice_flags INTERFACE -pthread)
  sluice_make_precompiled(pure)
  sluice_make_precompiled(asio Boost::json)
  sluice_make_precompiled(test Boost::json GTest::gmock GTest::gtest)
endif()

function(sluice_precompile target kind)
  if(SLUICE_PCH)
    target_precompile_headers(${target} REUSE_FROM pch.${kind})
    if(NOT kind STREQUAL "pure")
      target_link_libraries(${target} PRIVATE Boost::json)
    endif()
    # One that does not fit is slower, not wrong.
    target_compile_options(${target} PRIVATE -Wno-error=invalid-pch)
  endif()
endfunction()
