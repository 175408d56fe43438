# Poco's sources can be compiled several at a time (CMAKE_UNITY_BUILD), which takes a third of the time, but for
# these of Foundation: they have file-local names, or macros, that others have too.
set(single "")
foreach(name ErrorHandler LoggingFactory LoggingRegistry NamedEvent NamedMutex NotificationCenter NotificationQueue
    PriorityNotificationQueue SHA1Engine SharedMemory TextEncoding ThreadLocal ThreadPool URIStreamOpener UUIDGenerator)
  list(APPEND single ${CMAKE_SOURCE_DIR}/Foundation/src/${name}.cpp)
endforeach()
cmake_language(DEFER CALL set_source_files_properties ${single} TARGET_DIRECTORY Foundation
  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
