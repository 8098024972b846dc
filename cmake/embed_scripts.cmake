# cmake -DOUTPUT=file.cpp -DSCRIPTS=a.lua;b.lua -P embed_scripts.cmake: script texts as C++.
set(prelude "")
set(rows "")
foreach(script IN LISTS SCRIPTS)
  get_filename_component(name ${script} NAME_WE)
  file(READ ${script} text)
  if(name STREQUAL common)
    set(prelude "${text}")
  else()
    string(APPEND rows "    {\"${name}\", R\"~lua~(${text})~lua~\"},\n")
  endif()
endforeach()
file(WRITE ${OUTPUT} "#include \"logplex/store/redis/redis_scripts.hpp\"\n\nnamespace sluice {\n\n"
  "const char* const kCommonScript = R\"~lua~(${prelude})~lua~\";\n\n"
  "const std::vector<ScriptText>& script_texts() {\n  static const std::vector<ScriptText> texts{\n${rows}  };\n"
  "  return texts;\n}\n\n}  // namespace sluice\n")
