// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/ideal.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace tilework::physics {
namespace {

class ideal_array final : public device_array {
public:
  explicit ideal_array(array_shape shape) : inputs_(shape.inputs), weights_(shape.cells()) {}

  [[nodiscard]] bool is_ideal() const override { return true; }
  [[nodiscard]] float granularity() const override { return 0; }
  [[nodiscard]] std::span<const float> weights() const override { return weights_; }

  void apply_pulses(std::uint32_t, std::span<const pulse_run>, std::uint64_t) override {
    throw std::logic_error("an ideal device has no pulses");
  }
  void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t) override {
    float* const w = weights_.data() + std::size_t{output} * inputs_;
    for (std::size_t j = 0; j < x.size(); ++j)
      w[j] += factor * x[j];
  }
  void program(std::span<const float> weights, std::uint64_t) override { std::ranges::copy(weights, weights_.begin()); }

  void save(byte_writer& out) const override { out.write_vector(weights_); }
  void load(byte_reader& in) override {
    const auto size = weights_.size();
    in.read_vector(weights_);
    if (weights_.size() != size)
      throw input_error("checkpoint belongs to another array or device");
  }

private:
  std::uint32_t inputs_;
  std::vector<float> weights_;
};

} // namespace

std::unique_ptr<device_array> make_devices(const ideal&, const device_context& context) {
  return std::make_unique<ideal_array>(context.shape);
}

} // namespace tilework::physics
