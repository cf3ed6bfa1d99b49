// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/gradient_probe.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace tilework::cli {

std::optional<double> descent_cosine(std::span<const float> change, const_burst x, const_burst d) {
  std::vector<double> row(x.length);
  double dot = 0;
  double change_square = 0;
  double gradient_square = 0;
  for (std::uint32_t i = 0; i < d.length; ++i) {
    std::ranges::fill(row, 0.0);
    for (std::uint32_t v = 0; v < x.vectors; ++v)
      for (std::uint32_t j = 0; j < x.length; ++j)
        row[j] += double{d[v][i]} * double{x[v][j]};
    for (std::uint32_t j = 0; j < x.length; ++j) {
      const double moved = change[std::size_t{i} * x.length + j];
      dot -= moved * row[j];
      change_square += moved * moved;
      gradient_square += row[j] * row[j];
    }
  }
  if (change_square == 0 || gradient_square == 0)
    return std::nullopt;
  return dot / std::sqrt(change_square * gradient_square);
}

void gradient_probe::finish(std::span<const workload::digital_layer> weights,
                            const workload::training_session& session) {
  cosines_.clear();
  for (std::size_t l = 0; l < before_.size(); ++l) {
    auto& change = before_[l].weights;
    std::ranges::transform(weights[l].weights, change, change.begin(), std::minus<>());
    const auto operands = session.operands_of_last_step(l);
    cosines_.push_back(descent_cosine(change, operands.x, operands.d));
  }
  before_.clear();
}

void gradient_probe::save(byte_writer& writer) const {
  writer.write(has_begun());
  writer.write_vector(cosines_);
}

bool gradient_probe::restore(byte_reader& reader) {
  bool begun = false;
  reader.read(begun);
  reader.read_vector(cosines_);
  return begun;
}

} // namespace tilework::cli
