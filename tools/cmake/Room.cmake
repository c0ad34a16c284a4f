# One library per room, with the house's warnings; and the programs and tests that use them.

set(WAXWING_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# At -O3, g++ 12 takes the unused bytes of an empty std::optional, and strings and vectors that it has inlined, for bugs.
# Every other preset keeps these warnings.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND WAXWING_WARNINGS -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overread)
endif()
# The same of strings that it moves between what a thread sanitizer watches.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND WAXWING_SANITIZE STREQUAL "thread")
  list(APPEND WAXWING_WARNINGS -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()

function(waxwing_house_rules target)
  target_compile_options(${target} PRIVATE ${WAXWING_WARNINGS})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  if(WAXWING_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${WAXWING_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${WAXWING_SANITIZE})
  endif()
  if(WAXWING_KILL_POINTS)
    target_compile_definitions(${target} PRIVATE WAXWING_KILL_POINTS)
  endif()
endfunction()

# Reading the standard library's headers is most of what a small file costs to compile. The first target of a kind
# reads them once for all of its kind; a kind is made of the same things and compiled with the same options. What a file
# uses it still includes: the presets `release` and `soak` build without.
function(waxwing_read_once kind target)
  get_property(first GLOBAL PROPERTY WAXWING_FIRST_OF_${kind})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <chrono> <functional> <map> <memory> <optional> <span> <string> <variant> <vector>
      <tl/expected.hpp> ${ARGN})
    set_property(GLOBAL PROPERTY WAXWING_FIRST_OF_${kind} ${target})
  endif()
endfunction()

# waxwing_library(waxwing_sim SOURCES a.cc … [PUBLIC target …] [PRIVATE target …]): what several programs or tests share.
function(waxwing_library library)
  cmake_parse_arguments(LIBRARY "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${library} STATIC ${LIBRARY_SOURCES})
  waxwing_house_rules(${library})
  target_link_libraries(${library} PUBLIC ${LIBRARY_PUBLIC} PRIVATE ${LIBRARY_PRIVATE})
  waxwing_read_once(library ${library})
endfunction()

# waxwing_room(crypto SOURCES a.cc … [CAPNP x.capnp …] [PUBLIC target …] [PRIVATE target …]) makes waxwing_crypto.
function(waxwing_room room)
  cmake_parse_arguments(ROOM "" "" "SOURCES;CAPNP;PUBLIC;PRIVATE" ${ARGN})
  waxwing_library(waxwing_${room}
    SOURCES ${ROOM_SOURCES} PUBLIC tl::expected ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
  if(ROOM_CAPNP)
    waxwing_schema(waxwing_${room} ${ROOM_CAPNP})
  endif()
endfunction()

# Generated code is not ours: it is built apart, without our warnings, and included as a system header.
function(waxwing_schema target)
  set(CAPNPC_SRC_PREFIX ${CMAKE_SOURCE_DIR})
  set(CAPNPC_OUTPUT_DIR ${CMAKE_BINARY_DIR}/generated)
  set(CAPNPC_IMPORT_DIRS ${CMAKE_SOURCE_DIR})
  file(MAKE_DIRECTORY ${CAPNPC_OUTPUT_DIR})
  capnp_generate_cpp(sources headers ${ARGN})
  add_library(${target}_schema STATIC ${sources} ${headers})
  target_include_directories(${target}_schema SYSTEM PUBLIC ${CAPNPC_OUTPUT_DIR})
  target_link_libraries(${target}_schema PUBLIC CapnProto::capnp)
  if(WAXWING_SANITIZE)
    target_compile_options(${target}_schema PRIVATE -fsanitize=${WAXWING_SANITIZE})
  endif()
  target_link_libraries(${target} PUBLIC ${target}_schema)
endfunction()

# waxwing_program(waxwing-relay SOURCES … LINK …)
function(waxwing_program program)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${program} ${PROGRAM_SOURCES})
  waxwing_house_rules(${program})
  target_link_libraries(${program} PRIVATE ${PROGRAM_LINK})
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# waxwing_test(crypto_test SOURCES … LINK …): one GoogleTest program per room, its cases known to CTest.
function(waxwing_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  waxwing_house_rules(${name})
  target_link_libraries(${name} PRIVATE ${TEST_LINK} GTest::gmock GTest::gtest_main)
  waxwing_read_once(test ${name} <gmock/gmock.h> <gtest/gtest.h>)
  target_compile_definitions(${name} PRIVATE WAXWING_SOURCE_DIR="${CMAKE_SOURCE_DIR}" WAXWING_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()
