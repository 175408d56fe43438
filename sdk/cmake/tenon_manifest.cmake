# tenon_manifest(TARGETS…): writes and installs the list of plugins that come with the host, beside
# them. The host runs what is listed there in its own process, in this order. The global property
# TENON_PLUGINS has the targets.
function(tenon_manifest)
  set(names "")
  foreach(target ${ARGN})
    list(APPEND names "\"$<TARGET_FILE_NAME:${target}>\"")
  endforeach()
  list(JOIN names "," names)
  set(manifest ${CMAKE_BINARY_DIR}/${TENON_PLUGINDIR}/manifest.json)
  file(GENERATE OUTPUT ${manifest} CONTENT "{\"v\":1,\"plugins\":[${names}]}\n")
  install(FILES ${manifest} DESTINATION ${TENON_PLUGINDIR} COMPONENT tenon)
  set_property(GLOBAL PROPERTY TENON_PLUGINS ${ARGN})
  if(ARGN)
    install(TARGETS ${ARGN} LIBRARY DESTINATION ${TENON_PLUGINDIR} COMPONENT tenon)
  endif()
endfunction()
