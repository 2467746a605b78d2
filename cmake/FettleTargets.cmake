# The three shapes of target that the tree has, so that a folder's CMakeLists.txt says only what is its own.

add_library(fettle_options INTERFACE)
target_include_directories(fettle_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(fettle_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor $<$<BOOL:${FETTLE_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
if(FETTLE_SANITIZE)
  add_compile_options(-fsanitize=${FETTLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FETTLE_SANITIZE})
endif()

# fettle_library(name SOURCES a.cc … DEPENDS public targets … PRIVATE private targets …)
function(fettle_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
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
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE fettle_options ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test-bin)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
