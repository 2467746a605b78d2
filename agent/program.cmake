# The agent's own program: no gRPC, no network socket (agent/link is the program that has both).
if(TARGET fettle_agent_daemon)
  add_executable(fettle-agent main.cc)
  target_link_libraries(fettle-agent PRIVATE fettle_options fettle_agent_daemon CLI11::CLI11)
  fettle_static_abseil(fettle-agent)
  target_compile_definitions(fettle-agent PRIVATE FETTLE_VERSION="${PROJECT_VERSION}")
  install(TARGETS fettle-agent DESTINATION lib/fettle)
endif()
if(TARGET fettle-agent AND FETTLE_TESTS)
  # The engine is root: nothing of the network's is in it.
  add_test(NAME agent_links_no_grpc
    COMMAND sh -c "ldd '$<TARGET_FILE:fettle-agent>' | grep -q libc.so && ! ldd '$<TARGET_FILE:fettle-agent>' | grep grpc")
  set_tests_properties(agent_links_no_grpc PROPERTIES LABELS integration)
endif()
