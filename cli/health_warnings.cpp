// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/health_warnings.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace tilework::cli {
namespace {

constexpr double many_at_bounds = 0.5;
constexpr double one_slot = 1.05;
constexpr double much_clipping = 0.5;
constexpr double much_saturation = 0.2;
constexpr double drowned_dB = -10;
constexpr double always_fires = 0.99;
constexpr std::size_t evaluations_without_gain = 3;

double percent(double share) {
  return 100 * share;
}

/// Collects the causes of one layer.
class layer_diagnosis {
public:
  layer_diagnosis(std::size_t layer, const layer_health& health, const learning_facts& facts,
                  std::vector<std::string>& found)
      : layer_(layer), health_(health), facts_(facts), found_(found) {}

  void run() {
    look_at_bounds();
    look_at_pulses();
    look_at_products();
    look_at_transfers();
  }

private:
  void say(const std::string& sentence) {
    found_.push_back(fmt::format("this run does not learn; layer {}: {}", layer_, sentence));
  }

  void look_at_bounds() {
    for (std::size_t role = 0; role < health_.roles.size(); ++role) {
      const double share = health_.roles[role].share_at_bounds;
      if (share <= many_at_bounds)
        continue;
      const auto whose = health_.roles.size() == 1 ? std::string("of its weights")
                                                   : fmt::format("of the weights of its array with role {}", role);
      say(fmt::format("{:.0f} % {} are at the bounds of their devices; lower the learning rate, or take devices with "
                      "wider bounds (w_max, w_min)",
                      percent(share), whose));
    }
  }

  void look_at_pulses() {
    if (!health_.mean_bl || !health_.clip_rate)
      return;
    if (facts_.bit_length_adapts && *health_.mean_bl < one_slot && *health_.clip_rate == 0)
      say(fmt::format(
          "updates are below one pulse ({:.2f} slots used on average), so most of them change nothing; raise "
          "{}, or take devices with smaller steps (dw_min)",
          *health_.mean_bl, facts_.transfers ? "fast_lr" : "the learning rate"));
    if (*health_.clip_rate > much_clipping)
      say(fmt::format("{:.0f} % of its updates ask for more pulses than a train has slots and are cut; lower {}, or "
                      "raise update.desired_bl",
                      percent(*health_.clip_rate), facts_.transfers ? "fast_lr" : "the learning rate"));
  }

  void look_at_products() {
    if (health_.adc_saturation.value_or(0) > much_saturation)
      say(fmt::format("{:.0f} % of its ADC conversions are clipped; raise out_bound, or set bound_management ITERATIVE",
                      percent(*health_.adc_saturation)));
  }

  void look_at_transfers() {
    if (health_.transfer_read_snr_dB.value_or(0) < drowned_dB)
      say(fmt::format(
          "transfers read mostly noise (signal {:.0f} dB below it); lower out_noise of transfer_read, or let "
          "the fast array gather more between reads (transfer_every, fast_lr)",
          -*health_.transfer_read_snr_dB));
    if (!health_.hidden_firing_rate)
      return;
    if (*health_.hidden_firing_rate == 0)
      say("its hidden matrix never gave a pulse, so the weights do not change; raise fast_lr or transfer_lr, transfer "
          "more "
          "often (transfer_every), or lower the threshold (thres_scale)");
    if (*health_.hidden_firing_rate > always_fires)
      say(fmt::format(
          "its hidden matrix gives a pulse on {:.0f} % of its reads, so it filters no noise; lower fast_lr or "
          "transfer_lr, or raise the threshold (thres_scale)",
          percent(*health_.hidden_firing_rate)));
  }

  std::size_t layer_;
  const layer_health& health_;
  const learning_facts& facts_;
  std::vector<std::string>& found_;
};

} // namespace

bool is_learning(std::span<const evaluation_row> evaluations, std::uint32_t classes) {
  if (evaluations.empty())
    return true; // nobody looked
  const double chance = 1.0 / classes;
  const auto& last = evaluations.back();
  if (!(last.test_accuracy >= std::min(1.5 * chance, (1 + chance) / 2)))
    return false;
  if (evaluations.size() <= evaluations_without_gain || last.train_loss < std::log(classes) / 2)
    return true;
  const auto recent = evaluations.last(evaluations_without_gain);
  const double before = evaluations[evaluations.size() - 1 - evaluations_without_gain].test_accuracy;
  return std::ranges::max(recent, {}, &evaluation_row::test_accuracy).test_accuracy > before;
}

std::vector<std::string> health_warnings(std::span<const evaluation_row> evaluations, const learning_facts& facts) {
  std::vector<std::string> found;
  if (is_learning(evaluations, facts.classes))
    return found;
  const auto& layers = evaluations.back().layers;
  for (std::size_t layer = 0; layer < layers.size(); ++layer)
    layer_diagnosis(layer, layers[layer], facts, found).run();
  return found;
}

} // namespace tilework::cli
