# SPDX-License-Identifier: Apache-2.0
# One library target per folder. Headers are reached as <tilework/FOLDER/...> through a link in the
# build tree that belongs to the target, so a folder that is not linked cannot be included: the
# arrows between rooms are enforced by the compiler.
include_guard()

add_library(tilework_options INTERFACE)
target_compile_features(tilework_options INTERFACE cxx_std_20)
target_compile_options(tilework_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wundef
  # Designated initialisers leave members to their defaults on purpose.
  -Wno-missing-field-initializers
  # GCC 12 reports std::string operator+ falsely (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${TILEWORK_WARNINGS_AS_ERRORS}>:-Werror>)
if(TILEWORK_SANITIZE)
  target_compile_options(tilework_options INTERFACE -fsanitize=${TILEWORK_SANITIZE} -fno-omit-frame-pointer
                         $<$<STREQUAL:${TILEWORK_SANITIZE},undefined>:-fno-sanitize-recover=all>)
  # GCC warns falsely in instrumented code (its bug 105562).
  target_compile_options(tilework_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(tilework_options INTERFACE -fsanitize=${TILEWORK_SANITIZE})
endif()

# tilework_folder(NAME SOURCES ... LINKS ... [PRIVATE_LINKS ...])
function(tilework_folder name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  set(target tilework_${name})
  set(include_root "${PROJECT_BINARY_DIR}/include/${name}")
  file(MAKE_DIRECTORY "${include_root}/tilework")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${include_root}/tilework/${name}" SYMBOLIC)
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(tilework::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${include_root}>" "$<INSTALL_INTERFACE:include>")
  target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS} $<BUILD_INTERFACE:tilework_options>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${target} EXPORT TileworkTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tilework/${name}"
          FILES_MATCHING PATTERN "*.h")
endfunction()
