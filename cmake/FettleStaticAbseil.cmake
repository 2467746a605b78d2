# Abseil inside the programs that start often or stay: as shared libraries its parts are 29 of the 47 that the loader would map,
# relocate and keep for `fettle`, a quarter of what a start costs. Never for what gRPC is in, which brings the shared ones: two
# copies in one process would be two sets of globals.

option(FETTLE_STATIC_ABSEIL "Link Abseil statically into fettle, fettle-agent and fettle-agent-link" ON)

set(fettle_abseil_archives "")
if(FETTLE_STATIC_ABSEIL AND NOT FETTLE_SANITIZE)
  foreach(part
      base city cord cord_internal cordz_functions cordz_handle cordz_info debugging_internal demangle_internal
      exponential_biased graphcycles_internal hash int128 low_level_hash malloc_internal raw_hash_set
      raw_logging_internal spinlock_wait stacktrace status statusor strerror strings strings_internal symbolize
      synchronization throw_delegate time time_zone)
    find_library(FETTLE_ABSEIL_${part} NAMES libabsl_${part}.a)
    mark_as_advanced(FETTLE_ABSEIL_${part})
    if(NOT FETTLE_ABSEIL_${part})
      message(STATUS "Abseil is linked as shared libraries: there is no libabsl_${part}.a")
      set(fettle_abseil_archives "")
      break()
    endif()
    list(APPEND fettle_abseil_archives ${FETTLE_ABSEIL_${part}})
  endforeach()
endif()

# fettle_static_abseil(program): its Abseil is inside. All of each archive, and before anything else, so that the shared
# libraries which our own libraries name are left with nothing to give, and are not needed.
function(fettle_static_abseil program)
  if(NOT fettle_abseil_archives)
    return()
  endif()
  target_link_options(${program} PRIVATE
    LINKER:--as-needed LINKER:--whole-archive ${fettle_abseil_archives} LINKER:--no-whole-archive)
  set_target_properties(${program} PROPERTIES LINK_DEPENDS "${fettle_abseil_archives}")
  if(FETTLE_TESTS)
    string(REPLACE "-" "_" name ${program})
    add_test(NAME ${name}_has_abseil_inside
      COMMAND sh -c "ldd '$<TARGET_FILE:${program}>' | grep -q libc.so && ! ldd '$<TARGET_FILE:${program}>' | grep libabsl")
    set_tests_properties(${name}_has_abseil_inside PROPERTIES LABELS integration)
  endif()
endfunction()
