# Precompiled headers, shared by all targets of a preset: what most files include is read once instead of by each of them.
#
#   sluice_precompile(TARGET KIND)      KIND: pure, asio or test
#
# On in the release preset, which is mostly built from nothing; off in the others (-DSLUICE_PCH=ON asks for it), because
# they are built again and again with ccache, and show the includes that a file forgot.
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
endfunction()

if(SLUICE_PCH)
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
