# What a project of labs outside of this tree finds by find_package(graded): the libraries that checkers
# may use, the SDK's objects, `grade`, and graded_labs(). It names this build folder, so nothing is
# installed and nothing can be of another version. `grade new --dir` writes such a project.
get_target_property(reference_parts reference INTERFACE_LINK_LIBRARIES)
export(TARGETS graded_flags base reference_flags ${reference_parts} reference
       FILE ${CMAKE_BINARY_DIR}/graded-targets.cmake)
configure_file(${CMAKE_CURRENT_LIST_DIR}/graded-config.cmake.in ${CMAKE_BINARY_DIR}/graded-config.cmake
               @ONLY)
