# SPDX-License-Identifier: Apache-2.0
# The CMake package that `cmake --install` writes: a project outside this tree says find_package(Tilework) and links
# tilework::cli or single rooms.
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/Tilework")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/TileworkConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/TileworkConfig.cmake" INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/TileworkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(EXPORT TileworkTargets NAMESPACE tilework:: DESTINATION "${package_folder}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/platforms/bills" "${PROJECT_SOURCE_DIR}/platforms/machines"
                  "${PROJECT_SOURCE_DIR}/platforms/technologies"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/tilework/platforms")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/workloads/experiments" DESTINATION "${CMAKE_INSTALL_DATADIR}/tilework/workloads")
install(FILES "${PROJECT_BINARY_DIR}/TileworkConfig.cmake" "${PROJECT_BINARY_DIR}/TileworkConfigVersion.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/FindSystemC.cmake" "${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake"
        DESTINATION "${package_folder}")
