# SPDX-License-Identifier: Apache-2.0
"""Tables of docs/performance.md. Every function returns the lines of one."""
import json

import google_benchmark
import references
from google_benchmark import Results
from linear_cost import Fit, slope

ISA_NAMES = {"x86-64-v4": "AVX-512", "x86-64-v3": "AVX2"}
USUAL_BURST = 16
IN_CACHE = 1024  # lines: the arrays up to this size stay in the last cache
PRODUCT_BURST = 64


def digits(value, count=2):
    """A number with so many significant digits, never in exponential form."""
    if value == 0:
        return "0"
    text = f"{value:.{count}g}"
    if "e" in text:
        text = f"{float(text):.0f}" if abs(value) >= 1 else f"{float(text):.12f}".rstrip("0")
    return text


def times(ratio):
    return digits(ratio, 3 if 1 <= ratio < 10 else 2) + "×"


def judged(text, good):
    """Marks what misses a goal."""
    return text if good else f"**{text}**"


def table(header, rows):
    """The first columns whose header is marked with < are text."""
    lines = ["| " + " | ".join(h.lstrip("<") for h in header) + " |",
             "|" + "|".join("---" if h.startswith("<") else "--:" for h in header) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


class Tables:
    def __init__(self, folder):
        self.folder = folder
        self.isas = [isa for isa in ISA_NAMES if (folder / f"update_benchmark.{isa}.json").exists()]
        self.by_isa = {name: {isa: Results(folder / f"{name}.{isa}.json") for isa in self.isas}
                       for name in ("update_benchmark", "size_benchmark", "repeats_benchmark", "yardstick_benchmark")}
        self.best = self.isas[0]

    def all(self):
        return {"machine": self.machine(), "update": self.update(), "bursts": self.bursts(), "cases": self.cases(),
                "products": self.products(), "product_sizes": self.product_sizes(), "repeats": self.repeats(),
                "fit": self.fit(), "epochs": self.epochs(), "batches": self.batches(), "tiles": self.tiles(),
                "memory": self.memory(), "replays": self.replays(), "systemc": self.systemc(), "others": self.others()}

    def data(self, name):
        return json.loads((self.folder / f"{name}.json").read_text())

    def names_of_isas(self, unit):
        return [f"{ISA_NAMES[isa]}, {unit}" for isa in self.isas]

    # Machine and yardsticks

    def machine(self):
        rows = []
        for label, key, counter, unit in (
                ("sgemv 512 × 512", "sgemv/burst:1/size:512", "vector", 1e6),
                ("sgemm 512 × 512, per vector of 64", "sgemm/burst:64/size:512", "vector", 1e6)):
            rows.append([label, *(f"{digits(r.seconds(key, counter) * unit, 3)} µs"
                                  for r in self.by_isa["size_benchmark"].values())])
        for label, size in (("memory copy, 4 KiB", 4 << 10), ("memory copy, 256 KiB", 256 << 10),
                            ("memory copy, 256 MiB", 256 << 20)):
            rows.append([label, *(f"{digits(1e-9 / r.seconds(f'copy/bytes:{size}', 'byte'), 3)} GB/s"
                                  for r in self.by_isa["yardstick_benchmark"].values())])
        for batch in (1, 64):
            rows.append([f"dense products of an epoch, batch {batch}",
                         *(f"{digits(60000 * r.seconds(f'training_step/batch:{batch}', 'sample'), 3)} s"
                           for r in self.by_isa["yardstick_benchmark"].values())])
        context = self.by_isa["yardstick_benchmark"][self.best].context
        caches = ", ".join(f"L{c['level']} {c['size'] >> 10} KiB"
                           for c in context["caches"] if c["type"] != "Instruction")
        blas = "; ".join(f"{ISA_NAMES[isa]}: {r.context['openblas'].split()[-2]} kernels"
                         for isa, r in self.by_isa["yardstick_benchmark"].items())
        version = context["openblas"].split()[1]
        return [*self.data("machine"), f"* caches: {caches}", f"* OpenBLAS {version}, one thread; {blas}", "",
                *table(["<yardstick", *(ISA_NAMES[isa] for isa in self.isas)], rows)]

    # Updates

    def update_ns(self, isa, name):
        return self.by_isa["update_benchmark"][isa].seconds(name, "cross-point") * 1e9

    def per_product(self, ns):
        """An update of one vector in matrix-vector products of the same size."""
        return times(ns / self.update_ns(self.best, "yardstick/sgemv"))

    def update(self):
        rows = []
        names = self.by_isa["update_benchmark"][self.best].names("update/")
        for device in dict.fromkeys(name.split("/")[1] for name in names):
            for operands in "ABCD":
                name = f"update/{device}/{operands}/burst:{USUAL_BURST}"
                ours = [self.update_ns(isa, name) for isa in self.isas]
                goal = references.update_goal(device, operands)
                peer = references.AIHWKIT_UPDATE_NS.get(device, {}).get(operands)
                rows.append([device.replace("+write_noise", ", write noise"), operands,
                             digits(self.by_isa["update_benchmark"][self.best].rows[name]["pulses"]),
                             digits(peer) if peer else "", digits(goal) if goal else "",
                             judged(digits(ours[0]), not goal or ours[0] <= goal), *(digits(v) for v in ours[1:]),
                             times(peer / ours[0]) if peer else "", self.per_product(ours[0])])
        return table(["<device", "<operands", "pulses", "AIHWKit, ns", "goal, ns", *self.names_of_isas("ns"),
                      "AIHWKit / Tilework", "in sgemv"], rows)

    def bursts(self):
        rows = []
        for device in ("ConstantStep", "SoftBoundsReference", "ExpStep"):
            for operands in "ABCD":
                ns = [self.update_ns(self.best, f"update/{device}/{operands}/burst:{burst}") for burst in (1, 16, 64)]
                rows.append([device, operands, *(digits(v) for v in ns), self.per_product(ns[0]),
                             self.per_product(ns[2])])
        return table(["<device", "<operands", "burst 1, ns", "16, ns", "64, ns", "burst 1 in sgemv", "64 in sgemv"],
                     rows)

    def cases(self):
        rows = []
        for name in self.by_isa["update_benchmark"][self.best].names():
            kind, subject = name.split("/")[:2]
            label = {"at_bounds": f"{subject}, operands A, weights at their bounds",
                     "rare": f"{subject}, operands D with 31 slots",
                     "pulse_type": f"{subject}, operands B, ConstantStep"}.get(kind)
            if label:
                ns = [self.update_ns(isa, name) for isa in self.isas]
                rows.append([label, *(digits(v) for v in ns), self.per_product(ns[0])])
        return table(["<case", *self.names_of_isas("ns"), "in sgemv"], rows)

    # Products

    def product_us(self, isa, kind, burst, size):
        return self.by_isa["size_benchmark"][isa].seconds(f"{kind}/burst:{burst}/size:{size}", "vector") * 1e6

    def sizes(self):
        return sorted(int(name.rsplit(":", 1)[1])
                      for name in self.by_isa["size_benchmark"][self.best].names("memory_copy"))

    def products(self):
        """512 x 512, with AIHWKit and the goals."""
        rows = []
        for burst, yardstick in ((1, "sgemv"), (PRODUCT_BURST, "sgemm")):
            for kind in ("forward", "backward"):
                us = [self.product_us(isa, kind, burst, 512) for isa in self.isas]
                ratios = [v / self.product_us(isa, yardstick, burst, 512) for isa, v in zip(self.isas, us)]
                peer = references.AIHWKIT_PRODUCT_US[kind]
                goal = references.GOAL_PRODUCT[burst]
                row = [kind, str(burst), digits(peer), times(peer / us[0]), times(goal)]
                for v, ratio in zip(us, ratios):
                    row += [digits(v, 3), judged(times(ratio), ratio <= goal)]
                rows.append(row)
        header = ["<product", "burst", "AIHWKit, µs", "AIHWKit / Tilework", "goal, in sgemv or sgemm"]
        for isa in self.isas:
            header += [f"{ISA_NAMES[isa]}, µs", "in sgemv or sgemm"]
        return table(header, rows)

    def product_sizes(self):
        rows = []
        for size in self.sizes():
            for burst, yardstick in ((1, "sgemv"), (PRODUCT_BURST, "sgemm")):
                row = [str(size), str(burst)]
                for isa in self.isas:
                    plain = self.product_us(isa, yardstick, burst, size)
                    row.append(digits(plain, 3))
                    for kind in ("forward", "backward"):
                        ratio = self.product_us(isa, kind, burst, size) / plain
                        row.append(times(ratio))
                rows.append(row)
        header = ["lines", "burst"]
        for isa in self.isas:
            header += [f"{ISA_NAMES[isa]}: BLAS, µs", "forward", "backward"]
        return table(header, rows)

    def repeats(self):
        rows = []
        for burst, yardstick in ((1, "sgemv"), (PRODUCT_BURST, "sgemm")):
            for isa in self.isas:
                results = self.by_isa["repeats_benchmark"][isa]
                us = [results.seconds(f"forward/burst:{burst}/repeats:{n}", "vector") * 1e6 for n in range(4)]
                plain = self.product_us(isa, yardstick, burst, 512)
                rows.append([ISA_NAMES[isa], str(burst), *(digits(v, 3) for v in us),
                             digits((us[3] - us[0]) / 3, 3), times((us[3] - us[0]) / 3 / plain)])
        return table(["<", "burst", "0 repeats, µs", "1", "2", "3", "each repeat, µs", "each in sgemv or sgemm"],
                     rows)

    # Growth with size

    def fit(self):
        rows = []
        a_run = next(iter(self.data("memory").values()))
        update_bytes = a_run["documented_bytes"] / a_run["cells"] + 4  # all that a cross-point has, and its new weight
        for isa in self.isas:
            results = self.by_isa["size_benchmark"][isa]
            sizes = self.sizes()
            copy_ps = results.seconds(f"memory_copy/size:{sizes[-1]}", "vector") / sizes[-1] ** 2 * 1e12
            for label, name, moved in (
                    ("update B, burst 16", "update_B", update_bytes / USUAL_BURST),
                    ("update C, burst 16", "update_C", update_bytes / USUAL_BURST),
                    ("forward, burst 1", "forward/burst:1", 4), ("backward, burst 1", "backward/burst:1", 4),
                    ("forward, burst 64", "forward/burst:64", 4 / PRODUCT_BURST),
                    ("backward, burst 64", "backward/burst:64", 4 / PRODUCT_BURST)):
                seconds = {n: results.seconds(f"{name}/size:{n}", "vector") for n in sizes}
                rows.append([ISA_NAMES[isa], label, *self.fit_row(seconds, copy_ps * moved / 8)])
        return table(["<", "<", "a, ns per line", "b, ps per cell", "c, ns", "residuals", "residuals, all sizes",
                      "b outside, ps", "in b", "memory bound, ps", "in bound"], rows)

    @staticmethod
    def fit_row(seconds, bound_ps):
        """The fit in the cache, and how the sizes outside of it differ."""
        sizes = sorted(seconds)
        cached = Fit({n: t for n, t in seconds.items() if n <= IN_CACHE})
        everywhere = Fit(seconds)
        inside = cached.b * 1e12
        outside = slope(seconds, sizes[-2], sizes[-1], cached.a) * 1e12
        at_bound = outside <= references.GOAL_BOUND * bound_ps
        return [digits(cached.a * 1e9), digits(inside, 3), digits(cached.c * 1e9),
                judged(f"{100 * cached.worst():.0f} %", cached.worst() <= references.GOAL_RESIDUAL),
                judged(f"{100 * everywhere.worst():.0f} %", at_bound or everywhere.worst() <= references.GOAL_RESIDUAL),
                digits(outside, 3),
                judged(times(outside / inside), at_bound or outside <= references.GOAL_CONSTANT * inside),
                digits(bound_ps, 3), times(outside / bound_ps)]

    # Whole runs

    def epochs(self):
        runs = self.data("epochs")
        yardsticks = self.by_isa["yardstick_benchmark"][self.best]
        rows = []
        for batch in (1, 64):
            floor = 60000 * yardsticks.seconds(f"training_step/batch:{batch}", "sample")
            alone = runs[f"batch:{batch}/threads:1"]["epoch_s"]
            for threads in (1, 2):
                run = runs[f"batch:{batch}/threads:{threads}"]
                seconds, share = run["epoch_s"], run["systemc_share"]
                both = threads == 2
                goal = references.GOAL_EPOCH_S[batch] if both else None
                speed_up = alone / seconds
                rows.append([str(batch), str(threads), judged(digits(seconds, 3), not both or seconds <= goal),
                             digits(goal) if both else "", times(seconds / floor),
                             judged(f"{100 * share:.1f} %", not both or share <= references.GOAL_SYSTEMC_SHARE),
                             judged(times(speed_up), batch == 1 or speed_up >= references.GOAL_SPEED_UP)
                             if both else "",
                             f"{references.AIHWKIT_EPOCH_S[batch]} ({references.AIHWKIT_CORE_EPOCH_S[batch]})"])
        return table(["batch", "threads", "s per epoch", "goal, s", "in dense products", "SystemC and bookkeeping",
                      "speed-up of 2 threads", "AIHWKit (its core), s"], rows)

    def per_sample(self, name, variable, values, yardstick):
        """Microseconds per sample with 1 and 2 threads, and the share of SystemC. yardstick: a name, of a value."""
        data = self.data(name)
        rows = []
        for value in values:
            one, two = (data["runs"][f"{variable}:{value}/threads:{threads}"] for threads in (1, 2))
            floor = self.by_isa["yardstick_benchmark"][self.best].seconds(yardstick(value), "sample")
            us = [run["epoch_s"] / data["samples"] * 1e6 for run in (one, two)]
            rows.append([str(value), *(digits(v, 3) for v in us), times(us[0] / us[1]),
                         *(f"{100 * run['systemc_share']:.1f} %" for run in (one, two)), times(us[0] * 1e-6 / floor)])
        return table([variable, "1 thread, µs per sample", "2 threads", "speed-up", "SystemC, 1 thread", "2 threads",
                      "1 thread in dense products"], rows)

    def batches(self):
        return self.per_sample("batches", "batch", (1, 4, 16, 64, 256), lambda batch: f"training_step/batch:{batch}")

    def tiles(self):
        return self.per_sample("tiles", "tiles", (1, 4, 16), lambda _: "training_step_wide/batch:1")

    def memory(self):
        rows = []
        for n, run in self.data("memory").items():
            above = run["peak_bytes"] - run["documented_bytes"]
            rows.append([f"784-{n}-{n}-10", digits(run["cells"] / 1e6, 3), f"{run['documented_bytes'] / 1e6:.0f}",
                         f"{run['peak_bytes'] / 1e6:.0f}",
                         judged(f"{above / 1e6:.0f}", above <= references.GOAL_MEMORY_BYTES),
                         times(run["peak_bytes"] / run["documented_bytes"])])
        return table(["<network", "million cross-points", "documented, MB", "peak, MB", "above it, MB",
                      "peak / documented"], rows)

    def replays(self):
        data = self.data("replays")
        rows = []
        for timing, name in (("lt", "loosely timed"), ("at", "approximately timed")):
            seconds = google_benchmark.median(data["cpu_s"][timing])
            per_tile_operation = seconds / data["tile_operations"] * 1e9
            rows.append([name, judged(digits(seconds, 3), seconds <= references.GOAL_REPLAY_S[timing]),
                         digits(references.GOAL_REPLAY_S[timing]),
                         judged(digits(per_tile_operation, 3),
                                per_tile_operation <= references.GOAL_TILE_OPERATION_NS[timing]),
                         digits(references.GOAL_TILE_OPERATION_NS[timing], 3),
                         digits(seconds / data["operations"] * 1e9, 3)])
        return table(["<replay", "CPU time, s", "goal, s", "per tile operation, ns", "goal, ns",
                      "per operation of any kind, ns"], rows)

    # The rest

    def systemc(self):
        results = Results(self.folder / "systemc_benchmark.json")
        copy = 4096 * self.by_isa["yardstick_benchmark"][self.best].seconds("copy/bytes:4096", "byte")
        rows = []
        for name in results.names():
            seconds = 1 / results.rows[name]["items_per_second"]
            rows.append([name, digits(seconds * 1e9, 3), times(seconds / copy)])
        return table(["<operation", "ns", "in copies of 4 KiB"], rows)

    def others(self):
        """Benchmarks that have no table of their own."""
        rows = []
        plain = self.product_us(self.best, "sgemv", 1, 512) * 1e-6
        factor = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
        for path in sorted(self.folder.glob("*_benchmark.json")):
            if path.stem == "systemc_benchmark":
                continue
            results = Results(path)
            units = {row["run_name"]: row["time_unit"] for row in json.loads(path.read_text())["benchmarks"]}
            for name in results.names():
                seconds = results.rows[name]["cpu_time"] * factor[units[name]]
                rows.append([path.stem.removesuffix("_benchmark"), name, digits(seconds * 1e6, 3),
                             times(seconds / plain)])
        return table(["<program", "<benchmark", "µs", "in sgemv 512 × 512"], rows)
