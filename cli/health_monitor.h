// SPDX-License-Identifier: Apache-2.0
/// \file Gathers the training health of all layers from one evaluation to the next.
#pragma once

#include <tilework/core/array_region.h>
#include <tilework/core/endurance.h>
#include <tilework/core/health.h>
#include <tilework/platforms/machine.h>
#include <tilework/tlm/listener.h>

#include <cstdint>
#include <iosfwd>
#include <span>
#include <vector>

namespace tilework::cli {

/// ADC conversions of one line in one pass, which follow from the kind of read.
struct line_conversions {
  std::uint32_t forward = 1;
  std::uint32_t backward = 1;
};

/// Listens to all operations; what it needs of the arrays it takes at the evaluation.
class health_monitor final : public transaction::transaction_listener {
public:
  /// \param arrays of the run, in order of their index
  health_monitor(std::span<const array_region> arrays, line_conversions conversions);

  void operation_done(const operation_record& record) override;
  /// Health since the last call, one entry per layer. Only between steps.
  [[nodiscard]] std::vector<layer_health> take(platform::machine& machine);

  /// Pulses of the cells of every role of every layer so far. Only between steps.
  [[nodiscard]] std::vector<cell_wear> wear(const platform::machine& machine) const;

  /// Only between steps; what the arrays gathered is part of their own state.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  struct layer_sums {
    std::uint64_t conversions = 0;
    std::uint64_t saturations = 0;
    std::uint64_t slots = 0;
    std::uint64_t update_vectors = 0;
    std::uint64_t clipped_updates = 0;
    std::uint64_t hidden_elements = 0;
    std::uint64_t fired = 0;
  };
  [[nodiscard]] layer_health of_layer(std::size_t layer, platform::machine& machine) const;

  std::span<const array_region> arrays_;
  line_conversions conversions_;
  std::vector<layer_sums> sums_;      ///< since the last take()
  std::vector<std::uint64_t> pulses_; ///< per array, since the begin of the run
};

} // namespace tilework::cli
