# SPDX-License-Identifier: Apache-2.0
"""Figures of others and goals; everything else in the tables is measured.

AIHWKit: measured once on a machine like that of the tables (2 cores, AVX-512), 512 x 512, one thread, desired_bl 31,
dw_min 0.001, nanoseconds per cross-point and vector.
"""

AIHWKIT_UPDATE_NS = {
    "ConstantStep": {"A": 52, "B": 5.8, "C": 1.4, "D": 0.18},
    "SoftBounds": {"A": 62, "B": 6.7, "C": 1.6, "D": 0.24},
    "SoftBoundsReference": {"A": 58, "B": 5.2, "C": 1.3, "D": 0.22},
    "ExpStep": {"A": 69, "B": 7.2, "C": 1.7, "D": 0.23},
}
AIHWKIT_EPOCH_S = {1: "39–78", 64: "7.3"}
AIHWKIT_CORE_EPOCH_S = {1: "4.0", 64: "1.7"}  # its C++ core alone, built with 15-bit random numbers
AIHWKIT_PRODUCT_US = {"forward": 22, "backward": 20}  # at any burst size

GOAL_UPDATE_NS = {
    "ConstantStep": {"A": 0.9, "B": 0.6, "C": 0.14, "D": 0.045},
    "SoftBounds": {"A": 1.5, "B": 0.7, "C": 0.16, "D": 0.05},
    "SoftBoundsReference": {"A": 1.5, "B": 0.7, "C": 0.16, "D": 0.05},
    "ExpStep": {"A": 8, "B": 1.0, "C": 0.25, "D": 0.06},
    "PowStep": {"A": 8, "B": 1.0, "C": 0.25, "D": 0.06},
}
GOAL_WRITE_NOISE = 1.5  # times the goal of the device without
GOAL_PRODUCT = {1: 1.15, 64: 1.25}  # times sgemv, sgemm
GOAL_EPOCH_S = {1: 2.5, 64: 1.1}  # two threads
GOAL_SPEED_UP = 1.6  # of two threads, batch 64
GOAL_SYSTEMC_SHARE = 0.10
GOAL_RESIDUAL = 0.15
GOAL_CONSTANT = 1.5  # cost of a cell outside the cache, times that inside,
GOAL_BOUND = 1.3  # or times the bound that memory sets
GOAL_REPLAY_S = {"lt": 0.3, "at": 1.0}  # an epoch of MNIST, batch 1
GOAL_TILE_OPERATION_NS = {"lt": 250, "at": 800}  # with its share of all other transactions
GOAL_MEMORY_BYTES = 200e6  # above the documented bytes per cross-point


def update_goal(device, operands):
    """Nanoseconds, or None."""
    plain, _, noise = device.partition("+")
    goal = GOAL_UPDATE_NS.get(plain, {}).get(operands)
    return goal * GOAL_WRITE_NOISE if goal and noise else goal
