# The manual pages: docs/man/*.in, filled in with what the programs say, in
# man/ of the build.  docs/man/fill.awk tells how.
add_executable(values docs/man/values.c)
target_link_libraries(values PRIVATE sg_setup)
set_target_properties(values PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/man)
set(values ${CMAKE_BINARY_DIR}/man/values.txt)
# Nothing half-written stays where the next build would take it for done.
add_custom_command(OUTPUT ${values}
    COMMAND values > ${values}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${values}.new ${values}
    DEPENDS values)

find_program(AWK awk REQUIRED)
set(fill ${PROJECT_SOURCE_DIR}/docs/man/fill.awk)
set(shared ${PROJECT_SOURCE_DIR}/docs/man/shared.in)
# Which of them a page takes its numbers from only fill.awk knows.
file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.[ch])
file(GLOB pages CONFIGURE_DEPENDS docs/man/*.[158].in)
set(SG_MANUALS)
foreach(source ${pages})
    get_filename_component(file ${source} NAME_WLE)
    string(REGEX MATCH "^(.*)\\.(.)$" matched ${file})
    set(page ${CMAKE_BINARY_DIR}/man/${file})
    add_custom_command(OUTPUT ${page}
        COMMAND ${AWK} -v name=${CMAKE_MATCH_1} -v section=${CMAKE_MATCH_2}
            -v version=${PROJECT_VERSION} -v date=${SG_DATE}
            -v src=${PROJECT_SOURCE_DIR}/src
            -f ${fill} ${values} ${shared} ${source} > ${page}.new
        COMMAND ${CMAKE_COMMAND} -E rename ${page}.new ${page}
        DEPENDS ${source} ${fill} ${shared} ${values} ${sources}
        VERBATIM)
    list(APPEND SG_MANUALS ${page})
endforeach()
add_custom_target(manuals ALL DEPENDS ${SG_MANUALS})
