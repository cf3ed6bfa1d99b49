// SPDX-License-Identifier: Apache-2.0
/// \file Device array for any pulsed device model.
///
/// A model offers
///   struct cell { float up, down, max, min; ... };        parameters of one device, near each other in memory
///   cell make_cell(const device_draw&, draw_sequence&)    model-specific part of the device-to-device draw
///   float step(const cell&, float w, bool down, float xi) weight after one pulse, before clipping; xi ~ N(0, 1)
///   float pulse_noise()                                   0 if xi is not used
///   float granularity(), float write_noise()              std of write noise in weight units, 0 if none
///   bool write_noise_on_set()
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

namespace tilework::physics {

/// With write noise the weight that pulses change is hidden; a touched device shows it with a fresh, lasting error.
/// Only the error after the last pulse of a vector pair can be seen, so only that one is drawn.
template <typename Model>
class pulsed_array final : public device_array {
public:
  pulsed_array(Model model, const pulsed_parameters& parameters, const device_context& context)
      : model_(std::move(model)),
        shape_(context.shape),
        pulse_noise_(context.seed, purpose::cycle_to_cycle, context.id),
        write_noise_(context.seed, purpose::write_noise, context.id),
        programming_(context.seed, purpose::programming, context.id),
        cells_(shape_.cells()),
        visible_(shape_.cells()),
        hidden_(has_write_noise() ? shape_.cells() : 0) {
    const noise_stream spread(context.seed, purpose::device_to_device, context.id);
    for (std::uint32_t c = 0; c < cells_.size(); ++c) {
      draw_sequence random(spread, c);
      const auto drawn = draw_device(parameters, random, c % shape_.inputs == shape_.inputs - 1);
      cells_[c] = model_.make_cell(drawn, random);
      visible_[c] = clipped(cells_[c], 0);
    }
    if (has_write_noise())
      hidden_ = visible_;
  }

  [[nodiscard]] float granularity() const override { return model_.granularity(); }
  [[nodiscard]] std::span<const float> weights() const override { return visible_; }

  void apply_pulses(std::uint32_t output, std::span<const pulse_run> runs, std::uint64_t vector) override {
    normal_sequence noise(pulse_noise_, vector, output);
    const bool noisy = model_.pulse_noise() > 0;
    auto* const weights = persistent().data();
    for (const auto& run : runs) {
      const cell& c = cells_[run.cell];
      const bool down = run.pulses < 0;
      float w = weights[run.cell];
      for (auto n = std::abs(run.pulses); n > 0; --n)
        w = clipped(c, model_.step(c, w, down, noisy ? noise.next() : 0));
      weights[run.cell] = w;
    }
    if (!has_write_noise())
      return;
    normal_sequence error(write_noise_, vector, output);
    for (const auto& run : runs)
      show(run.cell, error.next());
  }

  void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t vector) override {
    const std::uint32_t first = output * shape_.inputs;
    normal_sequence error(write_noise_, vector, output);
    for (std::uint32_t j = 0; j < shape_.inputs; ++j) {
      auto& w = persistent()[first + j];
      w = clipped(cells_[first + j], w + factor * x[j]);
      if (has_write_noise())
        show(first + j, error.next());
    }
  }

  void program(std::span<const float> weights, std::uint64_t event) override {
    for (std::size_t c = 0; c < cells_.size(); ++c)
      persistent()[c] = clipped(cells_[c], weights[c]);
    if (!has_write_noise())
      return;
    visible_ = hidden_;
    if (!model_.write_noise_on_set())
      return;
    normal_sequence error(programming_, event, 0);
    for (std::uint32_t c = 0; c < cells_.size(); ++c)
      show(c, error.next());
  }

  void save(byte_writer& out) const override {
    out.write_vector(visible_);
    out.write_vector(hidden_);
  }
  void load(byte_reader& in) override {
    read_state(in, visible_);
    read_state(in, hidden_);
  }

private:
  using cell = typename Model::cell;

  [[nodiscard]] bool has_write_noise() const { return model_.write_noise() > 0; }
  [[nodiscard]] std::vector<float>& persistent() { return has_write_noise() ? hidden_ : visible_; }
  static float clipped(const cell& c, float w) { return std::min(std::max(w, c.min), c.max); }
  void show(std::uint32_t c, float xi) { visible_[c] = hidden_[c] + model_.write_noise() * xi; }

  static void read_state(byte_reader& in, std::vector<float>& state) {
    const auto size = state.size();
    in.read_vector(state);
    if (state.size() != size)
      throw input_error("checkpoint belongs to another array or device");
  }

  Model model_;
  array_shape shape_;
  noise_stream pulse_noise_;
  noise_stream write_noise_;
  noise_stream programming_;
  std::vector<cell> cells_;
  std::vector<float> visible_; ///< what reads see
  std::vector<float> hidden_;  ///< what pulses change, if there is write noise
};

} // namespace tilework::physics
