# SPDX-License-Identifier: Apache-2.0
# Installs Tilework from its build tree into folder/prefix and tries the example against that.
file(REMOVE_RECURSE "${folder}")
execute_process(COMMAND ${CMAKE_COMMAND} --install "${tilework}" --prefix "${folder}/prefix"
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${example}/try.sh" "${folder}/prefix" "${folder}/build" ${options} COMMAND_ERROR_IS_FATAL ANY)
