# SPDX-License-Identifier: Apache-2.0
# tilework_embed(TARGET SYMBOL FILES...): puts text files into the program. SYMBOL is the qualified name of a function
# that a header declares as
#   std::span<const tilework::embedded_text> SYMBOL();
# and that returns one {name, text} per file, in the order given; the name is the file name without its extension.
include_guard()

function(tilework_embed target symbol)
  string(REGEX REPLACE "::[^:]+$" "" namespace "${symbol}")
  string(REGEX REPLACE "^.*::" "" name "${symbol}")
  set(entries "")
  foreach(file IN LISTS ARGN)
    get_filename_component(path "${file}" ABSOLUTE)
    get_filename_component(stem "${file}" NAME_WE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    file(READ "${path}" text)
    string(APPEND entries "    {\"${stem}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  list(LENGTH ARGN count)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT "// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/embedded_text.h>

#include <array>

namespace @namespace@ {
namespace {
constexpr std::array<tilework::embedded_text, @count@> table{{
@entries@}};
} // namespace
std::span<const tilework::embedded_text> @name@();
std::span<const tilework::embedded_text> @name@() {
  return table;
}
} // namespace @namespace@
")
  target_sources(${target} PRIVATE "${source}")
endfunction()
