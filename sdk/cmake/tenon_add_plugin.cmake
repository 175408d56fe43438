include_guard(GLOBAL)

# tenon_add_plugin(TARGET SOURCES file… [OUTPUT_NAME name] [LIBRARIES library…])
#
# Makes name.so (default: TARGET.so), a plugin that exports tenon_plugin_v1 and nothing else: hidden
# visibility, a version script, no GNU_UNIQUE symbols (they would make copies share their statics), and
# every symbol found at link time instead of in front of a user. CMake reserves some names of targets, such
# as `test`; a plugin with such an id has another TARGET and this OUTPUT_NAME.
function(tenon_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "OUTPUT_NAME" "SOURCES;LIBRARIES")
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "tenon_add_plugin(${name}): no SOURCES")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_plugin(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_OUTPUT_NAME)
    set(ARG_OUTPUT_NAME ${name})
  endif()
  set(exports ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  add_library(${name} MODULE ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" OUTPUT_NAME ${ARG_OUTPUT_NAME} SUFFIX ".so"
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${exports})
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

# tenon_add_plugin_test(TARGET PLUGIN target SOURCES file… [LIBRARIES library…])
#
# Makes a test program that uses tenon/testing.h or tenon/testing.hpp, and a test of CTest that runs it. The
# macro TENON_PLUGIN_FILE is the path of the plugin that tenon_add_plugin(target …) makes.
function(tenon_add_plugin_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PLUGIN" "SOURCES;LIBRARIES")
  if(NOT ARG_SOURCES OR NOT ARG_PLUGIN)
    message(FATAL_ERROR "tenon_add_plugin_test(${name}): no SOURCES, or no PLUGIN")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_plugin_test(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_compile_features(${name} PRIVATE c_std_11 cxx_std_17)
  target_compile_definitions(${name} PRIVATE TENON_PLUGIN_FILE="$<TARGET_FILE:${ARG_PLUGIN}>")
  target_link_libraries(${name} PRIVATE tenon::sdk Threads::Threads ${CMAKE_DL_LIBS} ${ARG_LIBRARIES})
  add_dependencies(${name} ${ARG_PLUGIN})
  add_test(NAME ${name} COMMAND ${name})
endfunction()
