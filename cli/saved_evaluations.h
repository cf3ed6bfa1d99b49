// SPDX-License-Identifier: Apache-2.0
/// \file The evaluations of a run in its checkpoint.
#pragma once

#include <tilework/core/byte_stream.h>
#include <tilework/core/results.h>

#include <vector>

namespace tilework::cli {

void save_evaluations(byte_writer& writer, const std::vector<evaluation_row>& rows);
/// \throws input_error when the stream ends early or holds something else
void restore_evaluations(byte_reader& reader, std::vector<evaluation_row>& rows);

} // namespace tilework::cli
