# Headers of other projects that most sources include, parsed once. Only where a build is thrown away (the sanitized
# one): with it a source that lacks an include compiles, so the builds that people and packages use go without.

option(FETTLE_PRECOMPILE "Precompile headers of other projects; a missing include goes unseen" OFF)

set(fettle_precompiled
  <algorithm> <array> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <optional> <set> <span> <string>
  <string_view> <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h>
  [["absl/container/flat_hash_map.h"]] [["absl/status/status.h"]] [["absl/status/statusor.h"]]
  [["absl/synchronization/mutex.h"]] [["absl/time/clock.h"]])
if(FETTLE_PRECOMPILE)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc "")
  add_library(fettle_precompiled STATIC ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(fettle_precompiled PRIVATE fettle_options fmt::fmt)
  target_precompile_headers(fettle_precompiled PRIVATE ${fettle_precompiled})
  if(FETTLE_TESTS)
    # An executable, as the tests are: -fPIE and -fPIC do not share.
    add_executable(fettle_precompiled_tests ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(fettle_precompiled_tests PRIVATE fettle_options fmt::fmt GTest::gmock GTest::gtest_main)
    target_precompile_headers(fettle_precompiled_tests PRIVATE ${fettle_precompiled} <gtest/gtest.h> <gmock/gmock.h>)
  endif()
endif()

# fettle_precompile(target from): uses what `from` has precompiled.
function(fettle_precompile target from)
  if(FETTLE_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()
