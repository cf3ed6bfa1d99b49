// SPDX-License-Identifier: Apache-2.0
/// \file How old the weights of forward passes were where mini-batches overlap.
#pragma once

#include <tilework/core/results.h>
#include <tilework/tlm/listener.h>

#include <cstddef>
#include <iosfwd>
#include <vector>

namespace tilework::cli {

class staleness_monitor final : public transaction::transaction_listener {
public:
  explicit staleness_monitor(std::size_t layers) : layers_(layers) {}

  void operation_done(const operation_record& record) override;
  [[nodiscard]] const std::vector<layer_staleness>& layers() const { return layers_; }

  /// Only between steps.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  std::vector<layer_staleness> layers_;
};

} // namespace tilework::cli
