#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the hardware tables of docs/validation/multitile.md from runs of the real program.

Usage: tools/multitile_study.py [--program FILE] [--data DIR] [--jobs N] [--tables-only]
Needs MNIST (--data or TILEWORK_DATA). Results of runs are kept in build/multitile; delete it to measure again.
"""
import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/multitile"
DOCUMENT = ROOT / "docs/validation/multitile.md"
SAMPLES = 6400
BATCHES = SAMPLES // 64
EPOCH_BATCHES = 938
INPUTS, OUTPUTS = (784, 256, 128), (256, 128, 10)
LAYERS = len(INPUTS)
COINCIDENCE_PJ = (0.909, 0.066)  # 0.227 and 0.0165 pJ per cell and slot at 0.25 coincidences
COPIES = ((1, "slow"), (8, "slow"), (32, "slow"), (8, "fast_and_slow"), (32, "fast_and_slow"))
LANES = (32, 128, 512, 2048)
# The state of AGAD with 32 fast copies, 61 MB, is more than the 8 MiB of gallo_real.yaml.
STATE = {"digital": {"transfer_controller": {"buffer": "64 MiB"}}}
FAST = "1000 THz"  # a cycle of 1 fs
FREE_TRANSPORT = {"interconnect": {"mesh": {"clock": FAST}},
                  "digital": {"buffer": {"clock": FAST}, "transfer_controller": {"buffer_width": "65536 bit"}},
                  "memory": {"kind": "ideal", "bandwidth": "1000000 TB/s", "latency": "0 ns"}}


def merged(a, b):
    both = dict(a)
    for key, value in b.items():
        both[key] = merged(both[key], value) if isinstance(both.get(key), dict) and isinstance(value, dict) else value
    return both


@dataclasses.dataclass
class Case:
    copies: int = 1
    replicate: str = "slow"
    machine: str = "gallo_real"
    changes: dict = dataclasses.field(default_factory=dict)
    settings: tuple = ()
    epochs: int = 1
    samples: int = SAMPLES
    test_samples: int = 10

    def key(self):
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def path(self):
        return FOLDER / f"{self.key()}.json"

    def measure(self, program, data):
        if self.path().exists():
            return
        scratch = FOLDER / self.key()
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        machine = scratch / "machine.yaml"
        machine.write_text(json.dumps({"extends": str(ROOT / f"platforms/machines/{self.machine}.yaml"),
                                       **self.changes}))
        command = [program, "run", str(ROOT / "workloads/experiments/mnist_multitile.yaml"), "--data", data,
                   "--threads", "1", "--out", str(scratch / "run")]
        samples = f"train_samples: {self.samples}, test_samples: {self.test_samples}"
        for setting in (f"dataset={{name: mnist, {samples}}}", f"machine={machine}",
                        f"training.epochs={self.epochs}", f"training.algorithm.replicas={self.copies}",
                        f"training.algorithm.replicate={self.replicate}", *self.settings):
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        summary = json.loads((scratch / "run/summary.json").read_text())
        kept = {name: summary[name] for name in ("simulated_time_s", "energy_J", "phases", "actions")}
        kept["components"] = {n: c for n, c in summary["components"].items()
                              if c["utilisation"] > 0 or ".tile0." in n or ".tile" not in n}
        kept["evaluations"] = summary["evaluations"]
        kept["update_pulse_J"] = update_pulse_energy(scratch / "run/costs.csv")
        self.path().write_text(json.dumps(kept))
        shutil.rmtree(scratch)

    def result(self):
        return json.loads(self.path().read_text())

    # What the tables say

    def batch_us(self):
        return self.result()["simulated_time_s"] / self.epochs / BATCHES * 1e6

    def exposed_us(self, phase):
        return self.result()["phases"][phase]["exposed_s"] / self.epochs / BATCHES * 1e6

    def batch_uJ(self):
        return self.result()["energy_J"] / self.epochs / BATCHES * 1e6

    def count(self, action, phases=("forward", "backward", "update", "transfer")):
        return sum(self.result()["actions"][p].get(action, 0) for p in phases)

    def update_pulse_uJ(self, price_pJ):
        return self.count("update_pulse") * price_pJ / self.epochs / BATCHES * 1e-6

    def with_pulse_price_uJ(self, price_pJ):
        """All energy of a batch with another price of a coincidence."""
        return (self.result()["energy_J"] - self.result()["update_pulse_J"]) / self.epochs / BATCHES * 1e6 \
            + self.update_pulse_uJ(price_pJ)

    def busiest(self):
        """Component that is busy the longest. Of tiles the busiest; busy time is the mean of ports and links."""
        name, c = max(self.result()["components"].items(), key=lambda item: item[1]["utilisation"])
        name = re.sub(r"^chip0\.(tile\d+\.)?", "", name).replace("_", " ")
        return f"{name}, {100 * c['utilisation']:.0f} %"

    def adc_mm2(self):
        """Of the slow arrays, which make the products."""
        return self.result()["components"]["chip0.tile0.adc"]["area_mm2"] * LAYERS * self.copies

    def label(self):
        return [str(self.copies), "both" if self.replicate == "fast_and_slow" else "slow"]


def update_pulse_energy(costs):
    training = {"forward", "backward", "update", "transfer"}
    total = 0.0
    for line in costs.read_text().splitlines()[1:]:
        _, action, phase, _, energy, _ = line.split(",")
        if action == "update_pulse" and phase in training:
            total += float(energy)
    return total


def lanes(n):
    return {"digital": {"vector_unit": {"lanes": n}, "transfer_controller": {"lanes": n}}}


def real(copies, replicate, *changes, settings=()):
    all_changes = STATE
    for c in changes:
        all_changes = merged(all_changes, c)
    return Case(copies, replicate, "gallo_real", all_changes, settings)


SERIAL = ("training.schedule=serial",)
OVERLAPPED = ("training.transfer.schedule=overlapped",)
NOMINAL = {"tile": {"pulse": {"charge": "nominal_bl"}}}
ACTUAL = {"tile": {"pulse": {"charge": "actual_bl"}}}


def accounts():
    for copies, replicate in COPIES:
        yield "ideal, nominal", Case(copies, replicate, "gallo_ideal", NOMINAL, SERIAL)
        yield "ideal, actual", Case(copies, replicate, "gallo_ideal", ACTUAL, SERIAL)
        yield "real, nominal", real(copies, replicate, NOMINAL, settings=SERIAL)
        yield "real, actual", real(copies, replicate, settings=SERIAL)


def table(header, rows):
    """Columns whose header is marked with < are text."""
    return ["| " + " | ".join(h.lstrip("<") for h in header) + " |",
            "|" + "|".join("---" if h.startswith("<") else "--:" for h in header) + "|",
            *("| " + " | ".join(row) + " |" for row in rows)]


def number(value):
    """Three significant digits, more where they stand before the point."""
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


class Tables:
    """One method per table: the cases it needs, and its lines."""

    def accounts(self):
        cases = list(accounts())
        yield [c for _, c in cases]
        rows = [[*c.label(), name, number(c.batch_us()), *(number(c.exposed_us(p)) for p in
                                                         ("forward", "backward", "update", "transfer")),
                 number(c.batch_us() * EPOCH_BATCHES * 1e-3), number(c.batch_uJ()), c.busiest()] for name, c in cases]
        yield table(["copies", "<of", "<machine and pulses", "batch, µs", "forward", "backward", "update", "transfer",
                     "938 batches, ms", "energy, µJ", "<busiest"], rows)

    def lanes(self):
        def case(copies, replicate, n, *more):
            return real(copies, replicate, lanes(n), *more)
        cases = [(copies, replicate, more) for copies, replicate in COPIES for more in ((), (FREE_TRANSPORT,))]
        yield [case(c, r, n, *more) for c, r, more in cases for n in LANES]
        rows = [[*case(c, r, 32).label(), "free" if more else "mesh, buffer, memory",
                 *(number(case(c, r, n, *more).batch_us()) for n in LANES), case(c, r, LANES[-1], *more).busiest()]
                for c, r, more in cases]
        yield table(["copies", "<of", "<transport", *(f"{n} lanes, µs" for n in LANES), "<busiest at 2048"], rows)

    def limits(self):
        wide = {"interconnect": {"mesh": {"flit_width": "512 bit"}}}
        variants = (("as it is", ()), ("512-bit flits", (wide,)),
                    ("free network", ({"interconnect": FREE_TRANSPORT["interconnect"]},)),
                    ("free buffers", ({"digital": FREE_TRANSPORT["digital"]},)),
                    ("2048 lanes", (lanes(2048),)), ("free network, 2048 lanes",
                                                     (lanes(2048), {"interconnect": FREE_TRANSPORT["interconnect"]})),
                    ("all free but the arrays", (lanes(65536), FREE_TRANSPORT)))
        yield [real(c, r, *more) for c, r in COPIES for _, more in variants]
        rows = [[*real(c, r).label(), *(number(real(c, r, *more).batch_us()) for _, more in variants)]
                for c, r in COPIES]
        yield table(["copies", "<of", *(f"{name}, µs" for name, _ in variants)], rows)

    def overlap(self):
        machines = (("gallo_real", ()), ("2048 lanes, free transport", (lanes(2048), FREE_TRANSPORT)))
        orders = (("serial", SERIAL), ("by data", ()), ("by data, overlapped transfer", OVERLAPPED))
        def case(copies, replicate, changes, settings):
            return real(copies, replicate, *changes, settings=settings)
        yield [case(c, r, m, s) for c, r in COPIES for _, m in machines for _, s in orders]
        rows = []
        for name, m in machines:
            for c, r in COPIES:
                us = [case(c, r, m, s).batch_us() for _, s in orders]
                rows.append([*case(c, r, m, ()).label(), name, *(number(v) for v in us),
                             f"{100 * (1 - us[-1] / us[0]):.0f} %"])
        yield table(["copies", "<of", "<machine", *(f"{name}, µs" for name, _ in orders), "won back"], rows)

    def converters(self):
        machines = (("gallo_ideal", "gallo_ideal", {}),
                    ("gallo_real", "gallo_real", STATE),
                    ("gallo_real, 2048 lanes, free transport", "gallo_real",
                     merged(merged(STATE, lanes(2048)), FREE_TRANSPORT)))
        def case(copies, replicate, base, changes, shared):
            return Case(copies, replicate, base, merged(changes, {"tile": {"adc": {"lines_per_adc": shared}}}))
        rows_of = [(name, base, changes, c, r, shared) for name, base, changes in machines for c, r in COPIES
                   for shared in ((1,) if c == 1 else (1, c))]
        yield [case(c, r, base, changes, shared) for _, base, changes, c, r, shared in rows_of]
        rows = []
        for name, base, changes, c, r, shared in rows_of:
            this = case(c, r, base, changes, shared)
            one = case(1, "slow", base, changes, 1).batch_us()
            rows.append([*this.label(), name, str(shared), str(LAYERS * c * math.ceil(INPUTS[0] / shared)),
                         number(this.adc_mm2()) if base == "gallo_real" else "-", number(this.batch_us()),
                         f"{one / this.batch_us():.2f}"])
        yield table(["copies", "<of", "<machine", "lines per ADC", "ADCs", "their mm²", "batch, µs", "speed-up"], rows)

    def pulses(self):
        cases = list(accounts())
        yield [c for _, c in cases]
        rows = [[*c.label(), name, number(c.count("update_pulse", ("update",)) / BATCHES),
                 *(number(c.update_pulse_uJ(p)) for p in COINCIDENCE_PJ),
                 *(number(c.with_pulse_price_uJ(p)) for p in COINCIDENCE_PJ)] for name, c in cases]
        yield table(["copies", "<of", "<machine and pulses", "coincidences of updates", "pulses at 0.227 pJ, µJ",
                     "pulses at 0.0165 pJ, µJ", "all, at 0.227 pJ, µJ", "all, at 0.0165 pJ, µJ"], rows)

    def wear(self):
        def case(copies, replicate):
            return real(copies, replicate, settings=SERIAL)
        yield [case(c, r) for c, r in COPIES]
        scale = EPOCH_BATCHES / BATCHES
        rows = []
        for c, r in COPIES:
            this = case(c, r)
            for layer, health in enumerate(this.result()["evaluations"][-1]["layers"]):
                fast, slow = health["roles"][0], health["roles"][-1]
                rows.append([*this.label(), str(layer + 1), number(health["mean_bl"] or 0),
                             *(number(role[key] * scale) for role in (fast, slow)
                               for key in ("pulses_per_cell", "most_pulses_per_cell"))])
        yield table(["copies", "<of", "layer", "slots per update", "fast, pulses per cell", "fast, most",
                     "slow, pulses per cell", "slow, most"], rows)

    def half_selected(self):
        def case(copies, replicate):
            return real(copies, replicate, settings=SERIAL)
        yield [case(c, r) for c, r in COPIES]
        rows = []
        for c, r in COPIES:
            this = case(c, r)
            row = this.label()
            for phase in ("update", "transfer"):
                half = this.count("half_select_pulse", (phase,)) / BATCHES
                full = this.count("update_pulse", (phase,)) / BATCHES
                row += [number(full), number(half), number(half / full)]
            rows.append(row)
        yield table(["copies", "<of", "updates: coincidences", "half-selected", "ratio", "transfers: pulses",
                     "half-selected", "ratio"], rows)

    def growth(self):
        def case(copies, replicate):
            return Case(copies, replicate, "gallo_ideal", ACTUAL, SERIAL, epochs=10)
        chosen = ((1, "slow"), (8, "slow"), (8, "fast_and_slow"))
        yield [case(*c) for c in chosen]
        rows = []
        for c in chosen:
            evaluations = case(*c).result()["evaluations"]
            for layer in range(LAYERS):
                rows.append([*case(*c).label(), str(layer + 1),
                             *(f"{e['layers'][layer]['mean_bl'] or 0:.2f}" for e in evaluations)])
        yield table(["copies", "<of", "layer", *(str(e) for e in range(1, 11))], rows)

    def training(self):
        """Twenty epochs of the whole set: pulses of a network that has learned."""
        chosen = ((8, "slow"), (8, "fast_and_slow"))
        def case(copies, replicate):
            return Case(copies, replicate, "gallo_ideal", ACTUAL, SERIAL, epochs=20, samples=60000, test_samples=10000)
        yield [case(*c) for c in chosen]
        rows = []
        for c in chosen:
            evaluations = case(*c).result()["evaluations"]
            for epoch in (1, 5, 10, 15, 20):
                layers = evaluations[epoch - 1]["layers"]
                before = evaluations[epoch - 2]["layers"] if epoch > 1 else None
                row = [*case(*c).label(), str(epoch), f"{100 * evaluations[epoch - 1]['test_accuracy']:.2f} %",
                       *(f"{layer['mean_bl'] or 0:.2f}" for layer in layers)]
                for role in (0, -1):
                    for n, layer in enumerate(layers):
                        was = before[n]["roles"][role]["pulses_per_cell"] if before else 0
                        row.append(number(layer["roles"][role]["pulses_per_cell"] - was))
                rows.append(row)
        yield table(["copies", "<of", "epoch", "accuracy", *(f"slots, layer {n}" for n in (1, 2, 3)),
                     *(f"pulses per fast cell, layer {n}" for n in (1, 2, 3)),
                     *(f"per slow cell, layer {n}" for n in (1, 2, 3))], rows)

    def names(self):
        return [name for name in vars(Tables) if name != "names" and not name.startswith("_")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / "build/release/tilework"))
    parser.add_argument("--data", default=os.environ.get("TILEWORK_DATA", ""))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="names of tables")
    parser.add_argument("--tables-only", action="store_true", help="from results that are there")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    tables = {name: getattr(Tables(), name)() for name in options.only or Tables().names()}
    cases = {case.key(): case for t in tables.values() for case in next(t)}
    if not options.tables_only:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(lambda case: case.measure(options.program, options.data), cases.values()))
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    for name, lines in tables.items():
        block = f"<!-- table {name} -->\n" + "\n".join(next(lines)) + "\n<!-- end -->"
        pattern = re.compile(rf"<!-- table {name} -->.*?<!-- end -->", re.DOTALL)
        if not pattern.search(text):
            print(block)
        text = pattern.sub(lambda _, b=block: b, text)
    if text:
        DOCUMENT.write_text(text)


if __name__ == "__main__":
    main()
