# SQL stays SQL: schema files become a header with one Migration per step, the step being the number in front of the file's name.
# waxwing_sql_schema(client/schema.h kClientMigrations client/schema/0001_a.sql client/schema/0001_b.sql …) in store/ makes
# generated/store/client/schema.h with `inline constexpr Migration kClientMigrations[]`.
function(waxwing_sql_schema header name)
  set(steps "")
  set(last "")
  foreach(path IN LISTS ARGN)
    cmake_path(GET path FILENAME file)
    string(SUBSTRING "${file}" 0 4 step)
    if(NOT step STREQUAL last)
      if(NOT last STREQUAL "")
        string(APPEND steps "},\n")
      endif()
      string(APPEND steps "    {// ${step}")
      set(last ${step})
    endif()
    file(READ ${path} sql)
    string(APPEND steps "\n     R\"sql(${sql})sql\"")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  endforeach()
  string(APPEND steps "},\n")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/store/${header} @ONLY CONTENT
"#pragma once

#include \"store/migrate.h\"

// Generated from store/**/schema/*.sql by tools/cmake/Schema.cmake.
namespace waxwing {

inline constexpr Migration @name@[] = {
@steps@};

}  // namespace waxwing
")
endfunction()
