// SPDX-License-Identifier: Apache-2.0
// Published pulse responses of whole populations.
#include "device_populations.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <ostream>
#include <sstream>
#include <string>

namespace tilework::physics {
namespace {

/// One device of the table: mean/deviation of the weight after programming 0, after 1, 10, 100 and 1000 up pulses, and
/// then after 10, 100 and 1000 down pulses, of 40000 devices.
struct published_response {
  const char* name;
  const char* device;
  const char* overrides;
  const char* moments;
};

std::ostream& operator<<(std::ostream& out, const published_response& r) {
  return out << r.name;
}

/// A number and half of its last printed digit.
struct printed_number {
  double value;
  double rounding;
};

printed_number parse(const std::string& text) {
  const auto point = text.find('.');
  const double last_digit =
      point == std::string::npos ? 0 : std::pow(10, -static_cast<double>(text.size() - point - 1));
  return {std::stod(text), last_digit / 2};
}

double pulse_noise_of(const device_spec& spec) {
  for (const auto& parameter : catalog::device_registry().parameters(spec))
    if (parameter.name == "dw_min_std")
      return std::stod(parameter.value);
  return 0;
}

class pulse_response : public testing::TestWithParam<published_response> {};

// Means and deviations within 4 standard errors of both samples (false alarm 6e-5 each) and the rounding of the table.
// The reference draws its normals from a table of 32768. Their mean is off by .55 % of sigma (a standard deviation;
// twice that is allowed for), the same in every pulse: it makes all steps longer or shorter by that times dw_min_std,
// and so moves the mean weight and the deviation by no more than that share of the path since the start. The spread of
// devices has the error once.
TEST_P(pulse_response, of_many_devices) {
  constexpr double table_mean = .0055;
  constexpr double table_deviation = .004;
  constexpr std::uint32_t count = 20'000;
  const double both = std::sqrt(1 + count / 40'000.0);
  const auto spec = test::device(GetParam().device, GetParam().overrides);
  const auto devices = population(spec, count, 7);
  program_all(*devices, 0);
  std::istringstream moments(GetParam().moments);
  const double pulse_noise = pulse_noise_of(spec);
  double path = 0;
  double last = 0;
  std::uint64_t pulses = 0;
  for (const int until : {0, 1, 10, 100, 1000, 1010, 1100, 2000}) {
    for (; pulses < static_cast<std::uint64_t>(until); ++pulses)
      pulse_all(*devices, pulses < 1000 ? 1 : -1, pulses);
    std::string text;
    moments >> text;
    const auto slash = text.find('/');
    const auto mean = parse(text.substr(0, slash));
    const auto deviation = parse(text.substr(slash + 1));
    path += std::abs(mean.value - last);
    last = mean.value;
    const auto s = sample_of(devices->weights());
    EXPECT_NEAR(s.mean(), mean.value,
                4 * s.error_of_mean() * both + table_mean * (deviation.value + 2 * pulse_noise * path) + mean.rounding +
                    1e-9)
        << "after " << until;
    const double error = s.deviation() > 0 ? s.error_of_variance() / (2 * s.deviation()) : 0;
    const double table_error = table_deviation + 2 * table_mean * pulse_noise;
    EXPECT_NEAR(s.deviation(), deviation.value,
                4 * error * both + table_error * deviation.value + deviation.rounding + 1e-9)
        << "after " << until;
  }
}

INSTANTIATE_TEST_SUITE_P(
    published, pulse_response,
    testing::Values(
        published_response{"ReRamES", "ReRamES", "",
                           "0/.101 .0013/.101 .016/.104 .148/.127 .942/.286 .777/.275 .310/.249 -.824/.289"},
        published_response{"ReRamSB", "ReRamSB", "",
                           "0/.112 .001/.112 .017/.115 .174/.142 .895/.258 .842/.250 .484/.223 -.526/.243"},
        published_response{"ReRamSBSymmetryPoint", "ReRamSB", "subtract_symmetry_point: true",
                           "0/.112 .003/.112 .020/.114 .187/.143 .957/.267 .899/.259 .517/.231 -.558/.253"},
        published_response{"Capacitor", "Capacitor", "",
                           "0/0 .0050/.0016 .0499/.0075 .494/.059 1.000/.070 .947/.070 .482/.093 -1.001/.070"},
        published_response{"EcRam", "EcRam", "",
                           "0/0 .0020/.0006 .0200/.0027 .198/.021 1.172/.058 1.138/.058 .848/.062 -.770/.076"},
        published_response{"EcRamMO", "EcRamMO", "",
                           "0/0 .0003/.0006 .0028/.0018 .0280/.0063 .268/.030 .264/.030 .233/.028 -.040/.023"},
        published_response{"Idealized", "Idealized", "",
                           "0/0 .0002/.0001 .0020/.0006 .0200/.0060 .200/.060 .198/.059 .180/.054 -.0004/.0079"},
        published_response{"GokmenVlasov", "GokmenVlasov", "",
                           "0/0 .0016/.0007 .0160/.0050 .160/.048 .958/.286 .942/.285 .798/.279 -.539/.377"},
        published_response{"PCM", "PCM", "",
                           "0/0 .287/.192 .951/.258 1.599/.357 1.600/.358 .062/.119 .012/.027 .012/.026"},
        published_response{"ReRamArrayOM", "ReRamArrayOM", "",
                           "0/.134 .128/.185 .593/.313 .926/.363 .940/.371 -.241/.508 -.922/.522 -.955/.544"},
        published_response{"ReRamArrayHfO2", "ReRamArrayHfO2", "",
                           "0/.270 .484/.414 .893/.480 .937/.501 .939/.501 -.855/.569 -.954/.616 -.953/.616"},
        published_response{"SoftBounds", "SoftBounds", "",
                           "0/0 .0010/.0004 .0099/.0031 .0907/.0255 .459/.117 .440/.112 .288/.087 -.369/.112"},
        published_response{"PowStep", "PowStep", "",
                           "0/0 .0005/.0003 .0050/.0020 .0481/.0183 .329/.106 .321/.105 .253/.096 -.189/.124"},
        published_response{"ExpStep", "ExpStep", "",
                           "0/0 .0010/.0004 .0098/.0031 .0978/.0293 .564/.163 .554/.162 .464/.157 -.337/.198"}),
    [](const auto& instance) { return std::string(instance.param.name); });

} // namespace
} // namespace tilework::physics
