// SPDX-License-Identifier: Apache-2.0
/// \file Power over time, from the energy of single training steps.
#pragma once

#include <tilework/core/byte_stream.h>
#include <tilework/core/femtoseconds.h>
#include <tilework/core/pricing.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tilework {

/// Dynamic energy of the training phases so far, without the bookkeeping of price(): cheap enough for every step.
class dynamic_energy {
public:
  /// \param accounts of all components that may count anything; they and their counts are read later
  dynamic_energy(std::span<const component_account* const> accounts, const price_list& prices);
  [[nodiscard]] double total_J() const;

private:
  struct term {
    const std::uint64_t* count = nullptr;
    double price_J = 0;
  };
  std::vector<term> terms_; ///< those that cost anything
};

/// Largest mean power of any window of a given length, if the power within a step is the step's mean. The power is
/// piecewise constant then, and a largest window begins or ends with a step: exact but for the averaging within steps.
class peak_power {
public:
  /// \param window length; 0: the window is one step, whatever its length
  explicit peak_power(femtoseconds window) : window_(window) {}
  /// Steps without length are left out: they have no power.
  void add_step(femtoseconds length, double energy_J);
  /// In W. Of a run that is shorter than the window: the mean of all of it.
  [[nodiscard]] double peak_W() const;

  void save(byte_writer& writer) const;
  void restore(byte_reader& reader);

private:
  /// The end of a step: time and energy so far.
  struct mark {
    femtoseconds time;
    double energy_J = 0;
  };
  /// Energy up to a time between the marks `end - 1` and `end`.
  [[nodiscard]] double energy_before(femtoseconds time, std::size_t end) const;
  void end_windows();
  void forget_old();

  femtoseconds window_;
  double peak_J_ = 0;               ///< of a whole window
  double peak_of_steps_W_ = 0;      ///< where the window is one step
  std::vector<mark> marks_{mark{}}; ///< of the last window and some before
  std::size_t next_ = 0;            ///< the first mark whose window is not over
};

} // namespace tilework
