// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/power_meter.h>

#include <algorithm>

namespace tilework {

dynamic_energy::dynamic_energy(std::span<const component_account* const> accounts, const price_list& prices) {
  for (const auto* account : accounts)
    for (std::size_t p = 0; p < phase_count; ++p)
      for (std::size_t a = 0; a < action_count; ++a) {
        const auto what = static_cast<action>(a);
        const auto in = static_cast<phase>(p);
        const bool performs = std::ranges::find(performers_of(what), account->kind) != performers_of(what).end();
        if (!is_training(in) || !performs)
          continue;
        if (const double price_J = prices.energy_J(what); price_J > 0)
          terms_.push_back({&account->counts.count(in, what), price_J});
      }
}

double dynamic_energy::total_J() const {
  double sum_J = 0;
  for (const auto& t : terms_)
    sum_J += static_cast<double>(*t.count) * t.price_J;
  return sum_J;
}

void peak_power::add_step(femtoseconds length, double energy_J) {
  if (length.count == 0)
    return;
  if (window_.count == 0) {
    peak_of_steps_W_ = std::max(peak_of_steps_W_, energy_J / length.seconds());
    return;
  }
  marks_.push_back({marks_.back().time + length, marks_.back().energy_J + energy_J});
  end_windows();
  forget_old();
}

/// The windows that begin with a step and end in the last one, and the window that ends with the last one.
void peak_power::end_windows() {
  const auto last = marks_.size() - 1;
  const auto end = marks_[last];
  for (; marks_[next_].time + window_ <= end.time; ++next_)
    peak_J_ = std::max(peak_J_, energy_before(marks_[next_].time + window_, last) - marks_[next_].energy_J);
  if (next_ > 0)
    peak_J_ = std::max(peak_J_, end.energy_J - energy_before(end.time - window_, next_));
}

double peak_power::energy_before(femtoseconds time, std::size_t end) const {
  const auto& [from, from_J] = marks_[end - 1];
  const auto& [to, to_J] = marks_[end];
  return from_J + (to_J - from_J) * (static_cast<double>((time - from).count) / static_cast<double>((to - from).count));
}

/// Half of the marks at once, so that a step takes constant time on average.
void peak_power::forget_old() {
  if (next_ <= 1 || next_ - 1 < marks_.size() / 2)
    return;
  marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(next_ - 1));
  next_ = 1;
}

double peak_power::peak_W() const {
  if (window_.count == 0)
    return peak_of_steps_W_;
  if (next_ > 0)
    return peak_J_ / window_.seconds();
  return marks_.back().time.count > 0 ? marks_.back().energy_J / marks_.back().time.seconds() : 0.0;
}

void peak_power::save(byte_writer& writer) const {
  writer.write(peak_J_);
  writer.write(peak_of_steps_W_);
  writer.write_vector(marks_);
  writer.write(std::uint64_t{next_});
}

void peak_power::restore(byte_reader& reader) {
  reader.read(peak_J_);
  reader.read(peak_of_steps_W_);
  reader.read_vector(marks_);
  std::uint64_t next = 0;
  reader.read(next);
  if (next >= marks_.size())
    throw input_error("checkpoint is corrupt: start again without --resume, or from an older copy");
  next_ = next;
}

} // namespace tilework
