# With -DTENON_BUNDLE=ON: the libraries of libraries.txt, linked statically, under the names of targets that the
# default build uses. OpenSSL, libgcc_s and libc stay shared: security updates of OpenSSL must reach Tenon, and with
# a libgcc_s of its own (-static-libgcc) an exception that leaves a plugin ends the program without a word.
set(TENON_BUNDLE_DIR "" CACHE PATH "What packaging/bundle/build.sh has printed; default: what it made last")
set(bundle ${TENON_BUNDLE_DIR})
if(NOT bundle)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/packaging/bundle/build.sh --print
    OUTPUT_VARIABLE bundle OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
if(NOT EXISTS "${bundle}/done")
  message(FATAL_ERROR "The static libraries are not there. Make them with packaging/bundle/build.sh.")
endif()

find_package(OpenSSL REQUIRED)
list(PREPEND CMAKE_PREFIX_PATH ${bundle})
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
find_package(Poco 1.11 CONFIG REQUIRED COMPONENTS Foundation Util Net NetSSL XML JSON)
find_package(spdlog CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)

# tenon_bundled(TARGET LIBRARIES…): an imported target of static libraries.
function(tenon_bundled target)
  add_library(${target} INTERFACE IMPORTED)
  foreach(name ${ARGN})
    find_library(TENON_BUNDLED_${name} NAMES ${name} REQUIRED)
    target_link_libraries(${target} INTERFACE ${TENON_BUNDLED_${name}})
  endforeach()
  target_include_directories(${target} INTERFACE ${bundle}/include)
endfunction()
tenon_bundled(PkgConfig::RE2 re2)
set(RE2_LINK_LIBRARIES ${TENON_BUNDLED_re2})  # as pkg_check_modules sets it
tenon_bundled(PkgConfig::MD4C md4c)
tenon_bundled(PkgConfig::EDIT edit tinfo bsd md)

set(CMAKE_FIND_LIBRARY_SUFFIXES .so .a)
add_link_options(-static-libstdc++ ${bundle}/lib/older_glibc.o)
