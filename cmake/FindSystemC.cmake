# SPDX-License-Identifier: Apache-2.0
# SystemC::systemc from the CMake package that SystemC >= 3.0 installs, else from pkg-config
# (Debian and Ubuntu ship 2.3.4 with systemc.pc and no CMake package).
find_package(SystemCLanguage CONFIG QUIET)
if(TARGET SystemC::systemc)
  set(SystemC_VERSION ${SystemCLanguage_VERSION})
else()
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(systemc_pc QUIET IMPORTED_TARGET systemc)
  if(systemc_pc_FOUND)
    set(SystemC_VERSION ${systemc_pc_VERSION})
    add_library(SystemC::systemc INTERFACE IMPORTED)
    target_link_libraries(SystemC::systemc INTERFACE PkgConfig::systemc_pc)
    # The distributed library exports the symbols of C++17 only; the macro keeps SystemC's own
    # version check active while this project compiles as C++20.
    target_compile_definitions(SystemC::systemc INTERFACE SC_CPLUSPLUS=201703L SC_INCLUDE_DYNAMIC_PROCESSES)
  endif()
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SystemC REQUIRED_VARS SystemC_VERSION VERSION_VAR SystemC_VERSION)
