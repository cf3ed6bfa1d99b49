// SPDX-License-Identifier: Apache-2.0
/// \file Device array for any pulsed device model.
///
/// A model M with parameters P (derived from pulsed_parameters) offers
///   P p;
///   struct cell;                                          parameters of one device, near each other in memory;
///                                                         value-initialised: a device that cannot leave 0
///   cell make_cell(drawn_device&, draw_sequence&) const   completes the device-to-device draw; may move the reset bias
///   either float pulse(const cell&, float w, bool down, float xi) const
///                                                         weight after one pulse, within the bounds; xi ~ N(0, 1)
///   or     void apply(const pulse_line<cell>&, std::size_t isa) const
///                                                         all pulses of a line, on vectors: pulse_kernel-inl.h
///   bounds_of(const cell&) const -> std::pair<min, max>   what setting, decay and diffusion keep to
///   void show(const cell&, F put) const                   put(name, value) for every drawn property but the bounds
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/packed_steps.h>
#include <tilework/physics/devices/pulse_line.h>
#include <tilework/physics/devices/pulsed_parameters.h>
#include <tilework/physics/devices/write_noise.h>
#include <tilework/physics/simd/dispatch.h>

#include <algorithm>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace tilework::physics {

/// Open lines of one array. Empty if there are none.
std::vector<bool> open_cells(const device_context& context);

/// With write noise the weight that pulses change is hidden; a touched device shows it with a fresh, lasting error.
/// Only the error after the last pulse of a vector pair can be seen, so only that one is drawn.
template <typename Model>
class pulsed_array final : public device_array {
public:
  pulsed_array(Model model, const device_context& context)
      : model_(std::move(model)),
        context_(context),
        spread_(context.seed, purpose::device_to_device, context.id, context.spread_part),
        pulse_noise_(stream(purpose::cycle_to_cycle)),
        write_noise_(stream(purpose::write_noise)),
        programming_(stream(purpose::programming)),
        diffusion_(stream(purpose::diffusion)),
        reset_(stream(purpose::reset)),
        drift_(model_.p.drift, context.shape.cells(), stream(purpose::device_drift)),
        cells_(context.shape.cells()),
        visible_(context.shape.cells()),
        hidden_(has_write_noise() ? context.shape.cells() : 0),
        open_(open_cells(context)) {
    if (model_.p.lifetime > 0)
      decay_.resize(cells_.size());
    if (model_.p.diffusion > 0)
      diffusion_rates_.resize(cells_.size());
    for (std::uint32_t c = 0; c < cells_.size(); ++c) {
      if (is_open(c))
        continue;
      const auto passive = draw(c, cells_[c]);
      if (!decay_.empty())
        decay_[c] = {passive.decay_keep, passive.reset_bias};
      if (!diffusion_rates_.empty())
        diffusion_rates_[c] = passive.diffusion_rate;
    }
    for (std::uint32_t c = 0; c < cells_.size(); ++c)
      visible_[c] = bounded(cells_[c], 0);
    hidden_.assign(visible_.begin(), visible_.begin() + static_cast<std::ptrdiff_t>(hidden_.size()));
  }

  [[nodiscard]] float granularity() const override { return model_.p.granularity(); }
  [[nodiscard]] std::span<const float> weights() const override { return visible_; }
  [[nodiscard]] std::span<const float> persistent_weights() const override {
    return has_write_noise() ? hidden_ : visible_;
  }
  [[nodiscard]] std::size_t bytes_per_cross_point() const override {
    return sizeof(cell) + sizeof(float) + (hidden_.empty() ? 0 : sizeof(float)) +
           (diffusion_rates_.empty() ? 0 : sizeof(float)) + (decay_.empty() ? 0 : sizeof(decay_law)) +
           drift_.bytes_per_device();
  }

  [[nodiscard]] std::vector<device_property> properties() const override {
    std::vector<device_property> all;
    const auto put = [&](std::string_view name, std::uint32_t c, float value) {
      auto known = std::ranges::find(all, name, &device_property::name);
      if (known == all.end()) {
        all.push_back({name, std::vector<float>(cells_.size())});
        known = all.end() - 1;
      }
      known->values[c] = value;
    };
    for (std::uint32_t c = 0; c < cells_.size(); ++c) {
      const auto [min, max] = model_.bounds_of(cells_[c]);
      put("min_bound", c, min);
      put("max_bound", c, max);
      model_.show(cells_[c], [&](std::string_view name, float value) { put(name, c, value); });
      cell same;
      const auto passive = draw(c, same);
      put("diffusion_rate", c, passive.diffusion_rate);
      put("reset_bias", c, passive.reset_bias);
      put("decay_keep", c, passive.decay_keep);
    }
    return all;
  }

  void apply_pulses(std::uint32_t first_output, const pulse_list& pulses, std::uint64_t vector) override {
    if (pulses.size() > longest_pulse_list)
      throw std::invalid_argument("too many cells in one list of pulses");
    const pulse_line<cell> line{
        pulses, cells_.data(), persistent().data(), model_.p.dw_min_std > 0 ? &pulse_noise_ : nullptr,
        vector, first_output,  context_.mirrored};
    if constexpr (requires { model_.apply(line, isa_); })
      model_.apply(line, isa_);
    else
      apply_one_by_one(model_, line);
    if (!has_write_noise())
      return;
    show_written({hidden_.data(), visible_.data(), write_noise()}, pulses, write_noise_, vector, first_output, isa_);
    if (!open_.empty())
      for (const auto c : pulses.cells)
        visible_[c] = is_open(c) ? 0 : visible_[c];
  }

  void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t vector) override {
    const std::uint32_t first = output * context_.shape.inputs;
    normal_sequence error(write_noise_, vector, output);
    for (std::uint32_t j = 0; j < context_.shape.inputs; ++j) {
      auto& w = persistent()[first + j];
      w = bounded(cells_[first + j], w + factor * x[j]);
      if (has_write_noise())
        show(first + j, error.next());
    }
  }

  void add_to_cells(std::span<const std::uint32_t> cells, std::span<const float> changes,
                    std::uint64_t vector) override {
    normal_sequence error(write_noise_, vector, 0);
    for (std::size_t k = 0; k < cells.size(); ++k) {
      auto& w = persistent()[cells[k]];
      w = bounded(cells_[cells[k]], w + changes[k]);
      if (has_write_noise())
        show(cells[k], error.next());
    }
  }

  void program(std::span<const float> weights, std::uint64_t event) override {
    for (std::size_t c = 0; c < cells_.size(); ++c)
      persistent()[c] = bounded(cells_[c], weights[c]);
    if constexpr (writes_noisily) {
      if (!has_write_noise())
        return;
      visible_ = hidden_;
      if (!model_.p.apply_write_noise_on_set)
        return;
      show_again(0, cell_count(), {programming_, event, 0});
    }
  }

  [[nodiscard]] bool relaxes() const override { return !decay_.empty() || !diffusion_rates_.empty(); }

  void relax(std::uint32_t output, std::uint64_t event, float time) override {
    if (!relaxes())
      return;
    const std::uint32_t first = output * context_.shape.inputs;
    const std::uint32_t last = first + context_.shape.inputs;
    auto& weights = persistent();
    if (!diffusion_rates_.empty()) {
      normal_sequence step(diffusion_, event, output);
      const float spread = std::sqrt(time);
      for (std::uint32_t c = first; c < last; ++c)
        weights[c] = bounded(cells_[c], weights[c] + diffusion_rates_[c] * spread * step.next());
    }
    if (!decay_.empty())
      for (std::uint32_t c = first; c < last; ++c) {
        const float target = mirror(decay_[c].target);
        const float kept = time == 1 ? decay_[c].keep : std::pow(decay_[c].keep, time);
        weights[c] = bounded(cells_[c], (weights[c] - target) * kept + target);
      }
    if (has_write_noise())
      show_again(first, last, {write_noise_, event | passive_event, output});
  }

  [[nodiscard]] bool drifts() const override { return drift_.is_active(); }
  void drift(float time, std::uint64_t event) override {
    if (!drifts())
      return;
    drift_.advance(time, event, persistent(), [this](std::size_t c) { return window(cells_[c]); });
    if (has_write_noise())
      show_again(0, cell_count(), {write_noise_, event | drift_event, 0});
  }

  void reset(std::span<const std::uint32_t> cells, std::uint64_t event) override {
    for (const auto c : cells) {
      cell same;
      const float bias = mirror(draw(c, same).reset_bias);
      draw_sequence random(reset_, c, event);
      persistent()[c] = bounded(cells_[c], bias + model_.p.reset_std * random.normal());
      if (has_write_noise())
        show(c, random.normal());
    }
  }

  [[nodiscard]] bound_counts at_bounds() const override {
    bound_counts counts;
    const auto weights = persistent_weights();
    const float reach = granularity() / 2;
    for (std::uint32_t c = 0; c < cells_.size(); ++c) {
      if (is_open(c))
        continue;
      const auto [min, max] = window(cells_[c]);
      const bool lower = weights[c] <= min + reach;
      ++counts.devices;
      counts.at_lower += lower;
      counts.at_upper += !lower && weights[c] >= max - reach;
    }
    return counts;
  }

  void save(byte_writer& out) const override {
    out.write_vector(visible_);
    out.write_vector(hidden_);
    drift_.save(out);
  }
  void load(byte_reader& in) override {
    read_state(in, visible_);
    read_state(in, hidden_);
    drift_.load(in);
  }

private:
  using cell = typename Model::cell;
  using parameters = std::remove_cvref_t<decltype(Model::p)>;
  static constexpr bool writes_noisily = std::derived_from<parameters, write_noise_parameters>;
  // Events apart from the vectors of updates.
  static constexpr std::uint64_t passive_event = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t drift_event = passive_event | passive_event >> 1U;

  struct decay_law {
    float keep = 1;
    float target = 0;
  };

  [[nodiscard]] noise_stream stream(purpose what) const { return {context_.seed, what, context_.id, context_.part}; }
  /// Draws the parameters of one device; the same ones at every call.
  passive_draw draw(std::uint32_t c, cell& result) const {
    draw_sequence random(spread_, c);
    auto drawn = draw_device(model_.p, random, c % context_.shape.inputs == context_.shape.inputs - 1);
    result = model_.make_cell(drawn, random);
    return drawn.passive;
  }
  [[nodiscard]] float write_noise() const {
    if constexpr (writes_noisily)
      return model_.p.write_noise_std * model_.p.dw_min;
    return 0;
  }
  [[nodiscard]] bool has_write_noise() const { return write_noise() > 0; }
  [[nodiscard]] aligned_vector<float>& persistent() { return has_write_noise() ? hidden_ : visible_; }
  [[nodiscard]] float mirror(float w) const { return context_.mirrored ? -w : w; }
  [[nodiscard]] std::pair<float, float> window(const cell& c) const {
    const auto [min, max] = model_.bounds_of(c);
    return context_.mirrored ? std::pair(-max, -min) : std::pair(min, max);
  }
  [[nodiscard]] float bounded(const cell& c, float w) const {
    const auto [min, max] = window(c);
    return clipped(w, min, max);
  }
  [[nodiscard]] bool is_open(std::uint32_t c) const { return !open_.empty() && open_[c]; }
  [[nodiscard]] std::uint32_t cell_count() const { return static_cast<std::uint32_t>(cells_.size()); }
  void show_again(std::uint32_t first, std::uint32_t last, normal_sequence error) {
    for (std::uint32_t c = first; c < last; ++c)
      show(c, error.next());
  }
  void show(std::uint32_t c, float xi) { visible_[c] = is_open(c) ? 0 : hidden_[c] + write_noise() * xi; }

  Model model_;
  device_context context_;
  std::size_t isa_ = dispatch_index(context_.isa);
  noise_stream spread_;
  noise_stream pulse_noise_;
  noise_stream write_noise_;
  noise_stream programming_;
  noise_stream diffusion_;
  noise_stream reset_;
  power_law_drift drift_;
  aligned_vector<cell> cells_;
  aligned_vector<float> visible_;      ///< what reads see
  aligned_vector<float> hidden_;       ///< what pulses change, if there is write noise
  std::vector<bool> open_;             ///< cells on broken lines, if there are any
  std::vector<decay_law> decay_;       ///< if devices decay
  std::vector<float> diffusion_rates_; ///< if devices diffuse
};

inline std::pair<float, float> bounds_of_steps(const step_units& units, const packed_steps& codes) {
  const auto d = units.unpack(codes);
  return {d.min, d.max};
}
template <typename Put>
void show_steps(const step_units& units, const packed_steps& codes, Put put) {
  const auto d = units.unpack(codes);
  put("dwmin_up", d.up);
  put("dwmin_down", d.down);
}

/// What models have in common whose devices differ in steps and bounds only.
struct packed_cells {
  using cell = packed_steps;
  step_units units;

  explicit packed_cells(const pulsed_parameters& p) : units(p) {}
  [[nodiscard]] cell make_cell(const drawn_device& drawn, draw_sequence&) const { return units.pack(drawn.steps); }
  [[nodiscard]] std::pair<float, float> bounds_of(const cell& c) const { return bounds_of_steps(units, c); }
  template <typename Put>
  void show(const cell& c, Put put) const {
    show_steps(units, c, put);
  }
};

/// The array of a model with its parameters.
template <typename Model>
std::unique_ptr<device_array> make_pulsed_array(Model model, const device_context& context) {
  return std::make_unique<pulsed_array<Model>>(std::move(model), context);
}

} // namespace tilework::physics
