// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/ideal.h>
#include <tilework/physics/devices/pulsed_array.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace tilework::physics {
namespace {

class ideal_array final : public device_array {
public:
  ideal_array(const ideal& parameters, const device_context& context)
      : p_(parameters),
        inputs_(context.shape.inputs),
        weights_(context.shape.cells()),
        open_(open_cells(context)),
        diffusion_(context.seed, purpose::diffusion, context.id, context.part),
        reset_(context.seed, purpose::reset, context.id, context.part) {}

  [[nodiscard]] bool is_ideal() const override { return true; }
  [[nodiscard]] float granularity() const override { return 0; }
  [[nodiscard]] std::span<const float> weights() const override { return weights_; }
  [[nodiscard]] std::size_t bytes_per_cross_point() const override { return sizeof(float); }

  void apply_pulses(std::uint32_t, const pulse_list&, std::uint64_t) override {
    throw std::logic_error("an ideal device has no pulses");
  }
  void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t) override {
    float* const w = row(output);
    for (std::size_t j = 0; j < x.size(); ++j)
      w[j] += factor * x[j];
    keep_open(output);
  }
  void add_to_cells(std::span<const std::uint32_t> cells, std::span<const float> changes, std::uint64_t) override {
    for (std::size_t k = 0; k < cells.size(); ++k)
      if (open_.empty() || !open_[cells[k]])
        weights_[cells[k]] += changes[k];
  }
  void program(std::span<const float> weights, std::uint64_t) override {
    std::ranges::copy(weights, weights_.begin());
    for (std::uint32_t i = 0; std::size_t{i} * inputs_ < weights_.size(); ++i)
      keep_open(i);
  }

  [[nodiscard]] bool relaxes() const override { return p_.relaxes(); }
  void relax(std::uint32_t output, std::uint64_t event, float time) override {
    float* const w = row(output);
    if (p_.diffusion > 0) {
      normal_sequence step(diffusion_, event, output);
      for (std::uint32_t j = 0; j < inputs_; ++j)
        w[j] += p_.diffusion * std::sqrt(time) * step.next();
    }
    if (p_.lifetime > 1) {
      const float kept = time == 1 ? 1 - 1 / p_.lifetime : std::pow(1 - 1 / p_.lifetime, time);
      for (std::uint32_t j = 0; j < inputs_; ++j)
        w[j] *= kept;
    }
    keep_open(output);
  }
  void reset(std::span<const std::uint32_t> cells, std::uint64_t event) override {
    for (const auto c : cells)
      if (open_.empty() || !open_[c])
        weights_[c] = p_.reset_std * draw_sequence(reset_, c, event).normal();
  }

  void save(byte_writer& out) const override { out.write_vector(weights_); }
  void load(byte_reader& in) override { read_state(in, weights_); }

private:
  [[nodiscard]] float* row(std::uint32_t output) { return weights_.data() + std::size_t{output} * inputs_; }
  void keep_open(std::uint32_t output) {
    if (open_.empty())
      return;
    const std::size_t first = std::size_t{output} * inputs_;
    for (std::size_t c = first; c < first + inputs_; ++c)
      if (open_[c])
        weights_[c] = 0;
  }

  ideal p_;
  std::uint32_t inputs_;
  aligned_vector<float> weights_;
  std::vector<bool> open_;
  noise_stream diffusion_;
  noise_stream reset_;
};

} // namespace

std::unique_ptr<device_array> make_devices(const ideal& parameters, const device_context& context) {
  return std::make_unique<ideal_array>(parameters, context);
}

} // namespace tilework::physics
