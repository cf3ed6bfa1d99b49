#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/validation/costs.md: published figures beside what `tilework cost` and the event simulation have for them.

Usage: tools/costs_validation.py [--build DIR]
DIR (default build/release) holds the program and the validation tests. About ten seconds.
"""
import argparse
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/validation/costs.md"
FILES = sorted((ROOT / "platforms/machines").glob("*.yaml")) + sorted((ROOT / "platforms/bills").glob("*.yaml"))
QUARTER = re.compile(r"rasch quarter (\w+): simulated ([\d.]+) ns, closed form ([\d.]+) ns = ([\d.]+) pulses \+ (\d+) "
                     r"reads \+ (\d+) operations; the paper's operations ([\d.]+) ns")
SHARED = re.compile(r"rasch shared (\w+), ([\w ]+): simulated ([\d.]+) ns, between ([\d.]+) and ([\d.]+) ns; alone with "
                    r"a quarter ([\d.]+) ns, gain ([\d.]+)")

HEAD = """# Costs against published figures

Made by one command, after a build:

```sh
tools/costs_validation.py
```

Published figures stand in the files of the machines (`platforms/machines`, and `platforms/bills` for systems that are no machine of our
tiles), with source, condition and confidence; `tilework cost FILE` prints them beside ours. *Bookkeeping* rows follow by arithmetic from the
parts' own figures, often from the published ones themselves: they show that sums and units are right, nothing more. A test holds them to
their tolerance. *End-to-end* rows are predictions from figures of something else. No silicon exists for analog training as a whole, and
figures of confidence `low` come from summaries or memory and should be looked up before anything rests on them.
"""

NOTES = """
* Four-phase reads of HERMES: inputs of each sign on weights of each sign are read and converted alone, 128 ns each, and the 5 ns that the
  one-phase product has beside its integration come once. Against 3.92 for the ratio of times that gives %(ratio).3f. Energy is charged per
  phase; if instead the difference between the single core's 12.5 nJ and the chip's 13.4 nJ per product came once per product, the
  efficiency would be 2.57 TOPS/W, 3.8 %% too high.
* Half the integration time on the 34-tile chip: that all of a tile's energy scales with it is the only assumption that needs no fit, and
  it misses by 17 %%, above the 10 %% that would be a success. The share that fits, 63 %% of a tile's energy, follows from the two published
  efficiencies and so predicts nothing.
* 12.8 nJ per product and 11 fJ per multiply-accumulate, both given for Marinella et al., differ by 10 %% among themselves.
* The update of `gallo_real` has half-selected cells and random bits beside what the study charges.
"""

RASCH = """
## Update times of a training chip

`platforms/machines/rasch_2024.yaml`: crossbars of 512 x 512, 40 ns per product, 5 pulses of 5 ns, a transfer every second vector, 0.7 TFLOPS
for four crossbars (Rasch et al. 2024). Measured on whole training steps of one vector (`rasch_test`), from the last error to the end of
the last update or transfer.

One crossbar with a digital unit of its own, a quarter of the shared one. "Closed form" counts the operations that the modules do; "paper"
is a reconstruction from the stated assumptions, l t_p + (t_M + t_p) / n_s + (2N + 2N / n_s) / F for TTv2 and alike, not the paper's
table. The two differ in what is counted: update management takes 4N + 2 operations per vector here (two maxima, two quotients, scaling of
both operands; the paper has 2N); a transferred line takes N (Tiki-Taka), 5N (TTv2), 6N (c-TTv2) or 10N (AGAD) operations, the paper's
2N; c-TTv2 and AGAD take 2N + 8 more for the means that scale the fast array's rate; mixed precision reads out one row per vector with
4N. AGAD wrote nothing within these twelve vectors and mixed precision less than 5 slots per vector: the closed form has the pulses that
there were.

| algorithm | event simulation, ns | closed form, ns | error | pulses + reads, ns | operations | paper, ns |
|---|---|---|---|---|---|---|
"""

SHARING = """
Four crossbars on one unit of 0.7 TFLOPS, overlap allowed. The bounds are pulses and reads + D/4 and + D, with D the digital time on a quarter
unit. The errors of four layers reach their crossbars one after the other, so that the unit is free when it is needed and its four-fold
speed counts in full; those of four pieces of one layer come at once, and the last one waits for all. The gain is the time with a quarter
of the unit over the time with a shared one. Whole clock cycles of the unit are beside the bounds, up to 0.2 ns.

| algorithm | errors arrive | event simulation, ns | bounds, ns | gain |
|---|---|---|---|---|
"""

SHARING_NOTES = """
A machine here has a vector unit and a transfer controller, and the file gives each 0.7 TFLOPS. With a quarter unit the two never work at
the same time. Shared, a transfer of one crossbar may overlap with the management of another one, to which the transfer algorithms owe
part of their gain where errors come at once. Mixed precision is limited by arithmetic whatever is shared. Its hidden gradient crosses
the controller's buffer once out and once back per vector; the file makes a port 8192 bytes wide, so that this takes 10 ns of 3040. At the
default of 32 bytes the formula of [timing-model.md](../timing-model.md) gives 2.6 us, as much again as the arithmetic.
"""

TAIL = """
## Not attempted, and elsewhere

| figure | why |
|---|---|
| Gallo & del Alamo, times and energies of all rows | [multitile.md](multitile.md) |
| NeuRRAM, efficiency at (out, in) bits (3, 1), (5, 3), (7, 5), (9, 7) | no law was found that deserves the name: the component energies are ranges over 1 to 8 input bits without the points between. Taking all three linear in the input bits gives 44.8, 16.7, 10.3 and 7.4 TOPS/W against 43.1, 23.1, 11.0 and 7.75: three points within 7 %, one at -28 %, so the 15 % are missed |
| Gokmen & Vlasov, 84 TOPS/s/W and the 30 000-fold acceleration | need the power of the digital units, for which no figure is at hand |
| ISAAC, 380.7 GOPS/W | does not follow from its own throughput and power (627 GOPS/W) |
| PIMSIM-NN against MNSIM, ALPINE, NeuroSim | convolutional networks or inference on other tools' machines; this project trains fully connected ones |
| PipeLayer, PANTHER, Jia, Sinangil, Wang, Jain | totals without the parts that would let them be computed |
"""


def run(*command):
    environment = {**os.environ, "TILEWORK_SOURCE": str(ROOT)}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def title(document):
    return document["machine"] if "machine" in document else document["bill"]["name"]


def figures(program):
    for file in FILES:
        if "matrix_unit:" in file.read_text():
            continue  # closed forms are of analog tiles
        document = json.loads(run(program, "cost", str(file), "--format", "json"))
        for row in document["published"]:
            yield title(document), row


def table(rows, kind):
    lines = ["| system | quantity | of | published | ours | error | tolerance | confidence | source |", "|---" * 9 + "|"]
    for system, row in rows:
        if row["kind"] != kind:
            continue
        source = row["source"] + (f"; {row['condition']}" if row["condition"] else "")
        tolerance = f"{100 * row['tolerance']:.0f} %" if row["tolerance"] else "none"
        lines.append(f"| {system} | {row['quantity']} | {row['of']} | {row['published_text']} | {row['ours_text']} | "
                     f"{100 * row['error']:+.1f} % | {tolerance} | {row['confidence']} | {source} |")
    return "\n".join(lines) + "\n"


def product_time(program, machine, *options):
    document = json.loads(run(program, "cost", str(ROOT / "platforms/machines" / machine), "--operation", "forward_mvm",
                              "--format", "json", *options))
    return document["operations"][0]["time_s"]


def update_times(test):
    quarter, shared = "", ""
    for case in ("a_crossbar_with_a_quarter_of_the_digital_unit_takes_what_its_operations_take",
                 "four_crossbars_share_the_digital_unit"):
        output = run(test, f"--gtest_filter=rasch.{case}")
        for name, simulated, closed, pulses, reads, operations, paper in QUARTER.findall(output):
            error = 100 * (float(simulated) / float(closed) - 1)
            quarter += (f"| {name} | {simulated} | {closed} | {error:+.1f} % | {float(pulses) + float(reads):.1f} | "
                        f"{operations} | {paper} |\n")
        for name, arrival, simulated, low, high, _, gain in SHARED.findall(output):
            shared += f"| {name} | {arrival} | {simulated} | {low} to {high} | {gain} |\n"
    if not quarter or not shared:
        raise SystemExit("rasch_test printed no results")
    return RASCH + quarter + SHARING + shared + SHARING_NOTES


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    build = parser.parse_args().build.resolve()
    program = str(build / "tilework")
    rows = list(figures(program))
    ratio = (product_time(program, "hermes_chip_4phase.yaml", "--mv-type", "POS_NEG_SEPARATE_DIGITAL_SUM") /
             product_time(program, "hermes_chip.yaml"))
    PAGE.write_text(HEAD + "\n## Bookkeeping\n\n" + table(rows, "bookkeeping") + "\n## End to end\n\n" +
                    table(rows, "end_to_end") + NOTES % {"ratio": ratio} +
                    update_times(str(build / "tests/validation/rasch_test")) + TAIL)


if __name__ == "__main__":
    main()
