# tenon_add_plugin(NAME SOURCES file… [LIBRARIES library…])
#
# Makes NAME.so, a plugin that exports tenon_plugin_v1 and nothing else: hidden visibility, a version
# script, no GNU_UNIQUE symbols (they would make copies share their statics), and every symbol found
# at link time instead of in front of a user.
include_guard(GLOBAL)

function(tenon_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LIBRARIES")
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "tenon_add_plugin(${name}): no SOURCES")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_plugin(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  set(exports ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  add_library(${name} MODULE ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${exports})
  target_compile_features(${name} PRIVATE c_std_11 cxx_std_17)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE -Wl,--version-script=${exports})
  # clang's sanitizers live in the executable: their symbols are missing from a library by design.
  if(NOT (TENON_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES Clang))
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  target_link_libraries(${name} PRIVATE tenon::sdk ${ARG_LIBRARIES})
  if(TARGET tenon_options)  # inside Tenon's own tree: its warnings and sanitizers
    target_link_libraries(${name} PRIVATE tenon_options)
    set_target_properties(${name} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${TENON_PLUGINDIR})
  endif()
endfunction()
