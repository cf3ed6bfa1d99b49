// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/progress.h>
#include <tilework/core/units.h>

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

namespace tilework::cli {
namespace {

constexpr std::uint64_t steps_between_looks = 64; // a look at the clock costs as much as some bookkeeping
constexpr auto terminal_interval = std::chrono::milliseconds(200);
constexpr auto plain_interval = std::chrono::seconds(5);

std::string minutes(double s) {
  const long whole = std::lround(s);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

} // namespace

progress_line::progress_line(const simulation& run, unsigned epochs, std::uint64_t samples_per_epoch, std::FILE* out)
    : run_(run),
      epochs_(epochs),
      samples_per_epoch_(samples_per_epoch),
      out_(out),
      terminal_(isatty(fileno(out)) != 0) {
  next_ = begin_ + (terminal_ ? clock::duration(terminal_interval) : clock::duration(plain_interval));
}

void progress_line::update(const workload::training_position& position) {
  if (!first_sample_)
    first_sample_ = position.epoch * samples_per_epoch_ + position.next_sample;
  if (is_due())
    print(position);
}

void progress_line::update(const workload::programming_status& status) {
  begin_ = clock::now(); // samples per second are those of training
  if (is_due())
    show(fmt::format("programming layer {}/{}  {}  iteration {}", status.layer + 1, status.layers,
                     status.first_copy ? "first copy" : fmt::format("{} more copies", status.copies),
                     status.iteration));
}

bool progress_line::is_due() {
  if (++calls_ % steps_between_looks != 0)
    return false;
  const auto now = clock::now();
  if (now < next_)
    return false;
  next_ = now + (terminal_ ? clock::duration(terminal_interval) : clock::duration(plain_interval));
  return true;
}

void progress_line::print(const workload::training_position& position) {
  const std::uint64_t done = position.epoch * samples_per_epoch_ + position.next_sample;
  const double elapsed_s = std::chrono::duration<double>(clock::now() - begin_).count();
  const double rate = static_cast<double>(done - *first_sample_) / elapsed_s;
  const auto left = static_cast<double>(epochs_ * samples_per_epoch_ - done);
  auto line = fmt::format("epoch {}/{}  {:3.0f} %  {:.0f} samples/s  ETA {}  loss {:.3f}", position.epoch + 1, epochs_,
                          100.0 * static_cast<double>(position.next_sample) / static_cast<double>(samples_per_epoch_),
                          rate, rate > 0 ? minutes(left / rate) : "-", position.recent_loss);
  if (accuracy_)
    line += fmt::format("  accuracy {:.2f} %", 100 * *accuracy_);
  line += fmt::format("  simulated {}  energy {}", format_quantity(run_.training_time().seconds(), dimension::time, 3),
                      format_quantity(run_.costs().training_energy_J, dimension::energy, 3));
  show(line);
}

void progress_line::show(const std::string& line) {
  if (terminal_)
    fmt::print(out_, "\r\033[K{}", line);
  else
    fmt::print(out_, "{}\n", line);
  std::fflush(out_);
}

void progress_line::finish() {
  if (terminal_)
    fmt::print(out_, "\r\033[K");
  std::fflush(out_);
}

} // namespace tilework::cli
