// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/staleness_monitor.h>
#include <tilework/core/byte_stream.h>

#include <algorithm>

namespace tilework::cli {

void staleness_monitor::operation_done(const operation_record& record) {
  const auto& op = *record.op;
  if (op.kind != operation_kind::forward_mvm || op.phase != phase::forward)
    return;
  auto& layer = layers_[op.layer];
  layer.vectors += op.vectors;
  layer.missed_updates += std::uint64_t{op.vectors} * record.missed_updates;
  layer.largest = std::max(layer.largest, record.missed_updates);
}

void staleness_monitor::save(std::ostream& out) const {
  byte_writer(out).write_vector(layers_);
}

void staleness_monitor::restore(std::istream& in) {
  byte_reader(in).read_vector(layers_);
}

} // namespace tilework::cli
