# The three shapes of target that the tree has, so that a folder's CMakeLists.txt says only what is its own.

add_library(fettle_options INTERFACE)
target_include_directories(fettle_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(fettle_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor $<$<BOOL:${FETTLE_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
# gcc 12 at -O2 sees uninitialised and overlapping memory inside std::variant and std::string where there is none (its
# flow-based warnings; gcc bugs 105562, 105651). They are shown, and stop nothing; clang and the sanitizers look as well.
target_compile_options(fettle_options INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=stringop-overflow
    -Wno-error=stringop-overread -Wno-error=array-bounds -Wno-error=free-nonheap-object>)
if(FETTLE_SANITIZE)
  add_compile_options(-fsanitize=${FETTLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FETTLE_SANITIZE})
endif()

# TRANSITION: drops sources that are not written yet.
function(fettle_existing var)
  set(kept "")
  foreach(file ${ARGN})
    get_filename_component(full ${file} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    if(EXISTS ${full} OR file MATCHES "^${CMAKE_BINARY_DIR}")
      list(APPEND kept ${file})
    endif()
  endforeach()
  if(NOT kept)
    file(WRITE ${CMAKE_BINARY_DIR}/empty.cc "")
    set(kept ${CMAKE_BINARY_DIR}/empty.cc)
  endif()
  set(${var} ${kept} PARENT_SCOPE)
endfunction()

# fettle_library(name SOURCES a.cc … DEPENDS public targets … PRIVATE private targets …)
function(fettle_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  fettle_existing(ARG_SOURCES ${ARG_SOURCES})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC fettle_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# fettle_test(name SOURCES a_test.cc … DEPENDS targets … [LABELS unit …] [TIMEOUT s])
# One executable, one ctest entry. Labels: unit (default) contract integration lab lint fuzz; root network slow serial.
function(fettle_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT FETTLE_TESTS)
    return()
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  fettle_existing(ARG_SOURCES ${ARG_SOURCES})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE fettle_options ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test-bin)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
