# What is installed besides programs, plugins and the SDK, each of which says so beside its target. packages.sh makes
# the packages from `cmake --install`, component by component.
set(TENON_EXAMPLEDIR ${CMAKE_INSTALL_DATADIR}/tenon/examples)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tenon)
install(FILES ${CMAKE_BINARY_DIR}/documents/tenon.xml ${CMAKE_BINARY_DIR}/documents/tenon.properties DESTINATION ${TENON_EXAMPLEDIR})
install(FILES examples/quickstart.jsonl packaging/etc/tenon-run@.service DESTINATION ${TENON_EXAMPLEDIR})
install(PROGRAMS examples/quickstart.sh DESTINATION ${TENON_EXAMPLEDIR})
install(DIRECTORY examples/plugins DESTINATION ${TENON_EXAMPLEDIR} COMPONENT sdk PATTERN .gitignore EXCLUDE)
add_subdirectory(packaging/documents)
# Plugins of other packages.
install(DIRECTORY DESTINATION lib/tenon/plugins.d)

# The machine's configuration, which is in /etc wherever the programs are.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  install(DIRECTORY DESTINATION /etc/tenon/conf.d)
  install(FILES ${CMAKE_BINARY_DIR}/documents/tenon.xml DESTINATION /etc/tenon)
  install(FILES packaging/etc/apparmor DESTINATION /etc/apparmor.d RENAME tenon)
endif()
