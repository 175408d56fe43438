# For `tenon plugin verify`: faulty_<what is wrong>.so
foreach(fault CRASH_AT_LOAD EXIT_AT_LOAD HANG_AT_LOAD CRASH_AT_END LEAKS_MEMORY LEAKS_DESCRIPTORS LEAKS_THREADS
    CRASHES_ON_CONFIG REFUSES_SERVICES CLOSES_DESCRIPTORS CHANGES_SIGNALS LEAVES_PROCESSES PRINTS USES_CALL_LATE
    IGNORES_CANCEL CRASHES_ON_EMPTY CRASHES_ON_HUGE EXITS_IN_CALL HANGS_WHEN_CANCELLED CLOSES_CANCEL_FD
    READS_BEYOND_CALL UNKNOWN_CODE REFUSES_ARGUMENTS SLOW_HOOK ANY_EXTENSION NOTHING)
  string(TOLOWER ${fault} name)
  fixture(faulty_${name} fixtures/faulty.c ${fault})
endforeach()
fixture(faulty_not_concurrent fixtures/faulty.c IS_NOT_CONCURRENT FLAGS=TENON_CONCURRENT)
fixture(faulty_exec_stack fixtures/faulty.c)
target_link_options(fixture_faulty_exec_stack PRIVATE -Wl,-z,execstack)
fixture(faulty_text_relocation fixtures/faulty.c TEXT_RELOCATION)
target_link_options(fixture_faulty_text_relocation PRIVATE -Wl,-z,notext)
fixture(throws_at_load fixtures/throws_at_load.cpp)

# Without what tenon_add_plugin() adds.
foreach(loose unique.cpp faulty.c)
  string(REGEX REPLACE "[.].*" "" name ${loose})
  add_library(fixture_loose_${name} MODULE fixtures/${loose})
  target_link_libraries(fixture_loose_${name} PRIVATE tenon::sdk tenon_options)
  target_compile_definitions(fixture_loose_${name} PRIVATE EXTRA_EXPORT)
  set_target_properties(fixture_loose_${name} PROPERTIES PREFIX "" OUTPUT_NAME loose_${name} LIBRARY_OUTPUT_DIRECTORY ${fixtures}
    CXX_VISIBILITY_PRESET default)
  set_property(GLOBAL APPEND PROPERTY TENON_FIXTURES fixture_loose_${name})
endforeach()

# A library that no plugin finds, and one that is found only beside the plugin.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/absent.c "int tenon_absent(void);\nint tenon_absent(void) { return 1; }\n")
add_library(tenon-absent SHARED ${CMAKE_CURRENT_BINARY_DIR}/absent.c)
set_target_properties(tenon-absent PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${fixtures} C_VISIBILITY_PRESET default)
foreach(where absent beside)
  fixture(needs_${where} fixtures/faulty.c NEEDS_LIBRARY)
  target_link_libraries(fixture_needs_${where} PRIVATE tenon-absent)
  set_target_properties(fixture_needs_${where} PROPERTIES SKIP_BUILD_RPATH ON)
endforeach()
set_target_properties(fixture_needs_beside PROPERTIES SKIP_BUILD_RPATH OFF BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN")

# Calls the function of that library without being linked to it, which tenon_add_plugin() would find.
add_library(fixture_undefined_symbol MODULE fixtures/faulty.c)
target_link_libraries(fixture_undefined_symbol PRIVATE tenon::sdk tenon_options)
target_compile_definitions(fixture_undefined_symbol PRIVATE NEEDS_LIBRARY)
set_target_properties(fixture_undefined_symbol PROPERTIES PREFIX "" OUTPUT_NAME undefined_symbol LIBRARY_OUTPUT_DIRECTORY ${fixtures})
set_property(GLOBAL APPEND PROPERTY TENON_FIXTURES fixture_undefined_symbol)
