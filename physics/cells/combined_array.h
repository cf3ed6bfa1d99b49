// SPDX-License-Identifier: Apache-2.0
/// \file Base of arrays whose cross-points hold several devices: W = sum_k gamma_k W_k.
#pragma once

#include <tilework/physics/devices/device_spec.h>

#include <memory>
#include <span>
#include <vector>

namespace tilework::physics {

/// Keeps the weights that reads see up to date. What pulses and programming do to the parts is up to the cell.
class combined_array : public device_array {
public:
  /// \param parts at least one, all of the same shape \param gamma factor of each part
  combined_array(std::vector<std::unique_ptr<device_array>> parts, std::vector<float> gamma, float granularity,
                 std::uint32_t inputs);

  [[nodiscard]] float granularity() const override { return granularity_; }
  [[nodiscard]] std::span<const float> weights() const override { return weights_; }
  [[nodiscard]] std::size_t bytes_per_cross_point() const override;
  [[nodiscard]] std::span<const std::unique_ptr<device_array>> parts() const override { return parts_; }
  [[nodiscard]] bool relaxes() const override;
  void relax(std::uint32_t output, std::uint64_t event, float time) override;
  [[nodiscard]] bool drifts() const override;
  void drift(float time, std::uint64_t event) override;
  void reset(std::span<const std::uint32_t> cells, std::uint64_t event) override;
  void combine(std::span<const std::uint32_t> cells) override;
  [[nodiscard]] bound_counts at_bounds() const override;
  void save(byte_writer& out) const override;
  void load(byte_reader& in) override;

protected:
  void combine_cell(std::size_t cell);
  void combine_line(std::uint32_t output);
  void combine_all();
  [[nodiscard]] std::uint32_t inputs() const { return inputs_; }

private:
  std::vector<std::unique_ptr<device_array>> parts_;
  std::vector<float> gamma_;
  float granularity_;
  std::uint32_t inputs_;
  aligned_vector<float> weights_;
};

/// Context of part k of a unit cell: own draws, shared lines.
device_context part_context(const device_context& cell, std::uint32_t k);
/// \throws input_error if a device cannot be part of a cell: ideal devices and unit cells
void validate_part(const device_spec& device);

} // namespace tilework::physics
