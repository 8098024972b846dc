# sluice_redis_scripts(TARGET)
#   Compiles redis-scripts/*.lua into the library, each behind common.lua, so that an installed program needs no file.
function(sluice_redis_scripts target)
  set(folder ${CMAKE_SOURCE_DIR}/redis-scripts)
  file(GLOB scripts CONFIGURE_DEPENDS ${folder}/*.lua)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/redis_script_texts.cpp)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${generated} "-DSCRIPTS=${scripts}" -P ${CMAKE_SOURCE_DIR}/cmake/embed_scripts.cmake
    DEPENDS ${scripts} ${CMAKE_SOURCE_DIR}/cmake/embed_scripts.cmake VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
