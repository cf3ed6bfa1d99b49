// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/saved_evaluations.h>

namespace tilework::cli {
namespace {

/// Calls f with the members that are plain values, in the order of the file.
template <typename Row, typename F>
void for_each_figure(Row& row, F f) {
  f(row.epoch);
  f(row.train_loss);
  f(row.test_loss);
  f(row.test_accuracy);
  f(row.simulated_time_s);
  f(row.energy_J);
  f(row.digital_accuracy);
  f(row.averaged_accuracy);
}
template <typename Layer, typename F>
void for_each_measure(Layer& layer, F f) {
  f(layer.forward_snr_dB);
  f(layer.backward_snr_dB);
  f(layer.transfer_read_snr_dB);
  f(layer.adc_saturation);
  f(layer.mean_bl);
  f(layer.clip_rate);
  f(layer.hidden_firing_rate);
  f(layer.gradient_cosine);
}

/// \tparam T of the elements, for their number
template <typename T>
void read_size(byte_reader& reader, std::vector<T>& values) {
  constexpr std::uint64_t plausible = 1U << 24U;
  std::uint64_t size = 0;
  reader.read(size);
  if (size > plausible)
    throw input_error("checkpoint is corrupt: start again without --resume, or from an older copy");
  values.resize(size);
}

} // namespace

void save_evaluations(byte_writer& writer, const std::vector<evaluation_row>& rows) {
  const auto write = [&](const auto& value) { writer.write(value); };
  write(std::uint64_t{rows.size()});
  for (const auto& row : rows) {
    for_each_figure(row, write);
    write(std::uint64_t{row.layers.size()});
    for (const auto& layer : row.layers) {
      for_each_measure(layer, write);
      writer.write_vector(layer.roles);
    }
  }
}

void restore_evaluations(byte_reader& reader, std::vector<evaluation_row>& rows) {
  const auto read = [&](auto& value) { reader.read(value); };
  read_size(reader, rows);
  for (auto& row : rows) {
    for_each_figure(row, read);
    read_size(reader, row.layers);
    for (auto& layer : row.layers) {
      for_each_measure(layer, read);
      reader.read_vector(layer.roles);
    }
  }
}

} // namespace tilework::cli
