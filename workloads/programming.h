// SPDX-License-Identifier: Apache-2.0
/// \file How the visible arrays get their initial weights: given values, or a closed loop that needs none.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/step_program.h>
#include <tilework/workloads/programs.h>

#include <array>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::workload {

enum class programming_method : std::uint8_t {
  absolute, ///< every array is written with given weights, row by row
  from_one, ///< random vectors shrink the first copy to the wanted spread, the others follow the first
};
inline constexpr std::array<std::pair<std::string_view, programming_method>, 2> programming_method_names{
    {{"absolute", programming_method::absolute}, {"from_one", programming_method::from_one}}};
constexpr std::span<const std::pair<std::string_view, programming_method>> names_of(programming_method) {
  return programming_method_names;
}

/// Closed-loop programming of the study of parallel Tiki-Taka on several tiles (Gallo & del Alamo), which calls it
/// "from one". With x ~ N(0, 1/inputs) the variance of y = W x is that of the weights.
struct programming_configuration {
  programming_method method = programming_method::absolute;
  float fabricated_std = 0.4F;   ///< of the weights before anybody programs them, mean 0
  float learning_rate = 0.25F;   ///< over the longest pulse train
  float first_averaging = 0.05F; ///< weight of the newest value in the moving variance of the first copy's y, 0 to 1
  float copy_averaging = 0.01F;  ///< same, of the differences between a copy and the first
  float tolerance = 0.025F;      ///< standard deviation of a copy's weights from those of the first, >= 0
  std::uint32_t most_iterations = 20000; ///< of any copy
  // What the machine adds.
  float read_noise = 0;       ///< standard deviation of y at full scale
  bool managed_inputs = true; ///< the largest |x| is full scale; else 1 is
};

/// What an iteration works on.
struct programming_status {
  std::size_t layer = 0;
  std::size_t layers = 0;
  std::uint32_t iteration = 0; ///< of this layer so far
  std::size_t copies = 0;      ///< that are being programmed
  bool first_copy = false;     ///< it is the first one, else the others
};

/// Steps of programming "from one", layer by layer: first copy 0, then all others at the same time until each has
/// converged. What it decides by are variances in the operand arena, so it never depends on time.
class programming_loop {
public:
  programming_loop(const programming_configuration& configuration, const network_configuration& network,
                   const network_map& map, const algorithm_configuration& algorithm, std::uint64_t seed);

  [[nodiscard]] bool done() const { return layer_ == iterations_.size(); }
  /// The next iteration. \pre !done()
  step next(const program_inputs& in);
  /// Copies that are done with the iteration that next() gave: they have converged or are given up. Call once.
  std::vector<std::uint32_t> copies_done(const operand_layout& layout, operand_arena& arena);
  /// Counts the iteration. \param done what copies_done() said, now or in the run that is replayed
  void finished(std::span<const std::uint32_t> done);
  [[nodiscard]] programming_status status() const;
  /// Iterations of every copy, per layer.
  [[nodiscard]] const std::vector<std::vector<std::uint32_t>>& iterations() const { return iterations_; }

  /// Only between steps.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  [[nodiscard]] bool at_first() const { return active_.front() == 0; }
  [[nodiscard]] float averaging() const;
  [[nodiscard]] double read_variance(const operand_layout& layout, operand_arena& arena) const;
  [[nodiscard]] double target() const;
  void begin_next_copies(bool first_is_done);
  void begin_layer(std::size_t layer);

  programming_configuration configuration_;
  const network_configuration& network_;
  const network_map& map_;
  const algorithm_configuration& algorithm_;
  std::uint64_t seed_;
  std::map<programming_shape, step_program> programs_; ///< emitted when one is first needed

  std::size_t layer_ = 0;
  std::uint32_t iteration_ = 0;                        ///< of this layer
  std::vector<std::uint32_t> active_;                  ///< copies that are being programmed
  double read_variance_ = 0;                           ///< moving mean, 0: none yet
  std::vector<std::vector<std::uint32_t>> iterations_; ///< [layer][copy]
};

} // namespace tilework::workload
