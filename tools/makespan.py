#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes how long every step of a recorded run took, and says where that differs from the record.

Usage: makespan.py FILE.sqlite      written by `tilework run --sqlite FILE.sqlite`; exit code 1 if anything differs

The length of a step is the longest path through a graph of events: begin and end of every operation, start of every
booking. Only durations go into it, in whole femtoseconds, and these rules:
  begin of an operation   >= end of every predecessor in the step program
  start of a booking      >= its cause (begin of the operation, or start of an earlier booking) + gap
                          >= end of the booking before it on the same unit
  joined booking          =  start of the array's booking + gap: converters and array start together
  end of an operation     =  its cause + gap
Recorded start times are read for one thing: the order of the bookings on a unit. Recorded ends are only compared.
"""
import sqlite3
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter


def read_dependencies(database):
    predecessors = defaultdict(lambda: defaultdict(list))
    for program, operation, predecessor in database.execute("SELECT program, operation, predecessor FROM Dependency"):
        predecessors[program][operation].append(predecessor)
    return predecessors


def events_of(database, step, predecessors):
    """Sources of every event as {event: [(source, delay)]}; events are ("begin", i), ("end", i), ("start", b)."""
    sources = {}
    after = {}  # booking: event and delay that its start is known from
    length = {}
    order = defaultdict(list)  # bookings by unit

    def cause(operation, booking):
        return ("begin", operation) if booking is None else after[booking][0]

    rows = database.execute("SELECT booking, operation, resource, length_fs, cause, gap_fs, joined_to FROM Booking "
                            "WHERE step = ? ORDER BY booking", (step,))
    for booking, operation, resource, held, caused_by, gap, joined_to in rows:
        length[booking] = held
        if joined_to is None:
            after[booking] = (("start", booking), 0)
            sources["start", booking] = [(cause(operation, caused_by), gap)]
        else:
            after[booking] = (("start", joined_to), gap)
    for booking, resource in database.execute("SELECT booking, resource FROM Booking WHERE step = ? AND "
                                              "length_fs > 0 ORDER BY resource, start_fs", (step,)):
        if order[resource]:
            before = order[resource][-1]
            (source, offset), (target, own_offset) = after[before], after[booking]
            sources[target].append((source, offset + length[before] - own_offset))
        order[resource].append(booking)
    for operation, caused_by, gap in database.execute("SELECT operation, cause, gap_fs FROM Operation WHERE step = ?",
                                                      (step,)):
        sources["begin", operation] = [(("end", p), 0) for p in predecessors[operation]]
        sources["end", operation] = [(cause(operation, caused_by), gap)]
    return sources


def longest_paths(sources):
    times = {}
    for event in TopologicalSorter({e: [s for s, _ in edges] for e, edges in sources.items()}).static_order():
        times[event] = max((times[source] + delay for source, delay in sources[event]), default=0)
    return times


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    dependencies = read_dependencies(database)
    differing = 0
    steps = database.execute("SELECT step, program, length_fs FROM Step ORDER BY step").fetchall()
    for step, program, recorded in steps:
        try:
            times = longest_paths(events_of(database, step, dependencies[program]))
        except CycleError:
            sys.exit(f"step {step}: dependencies and orders contradict each other")
        makespan = max((t for (what, _), t in times.items() if what == "end"), default=0)
        ends = database.execute("SELECT operation, done_fs FROM Operation WHERE step = ?", (step,))
        wrong = [operation for operation, done in ends if times["end", operation] != done]
        if makespan != recorded or wrong:
            differing += 1
            print(f"step {step}: {makespan} fs, recorded {recorded} fs, operations that end at another time: {wrong}")
    print(f"{len(steps)} steps, {differing} differ")
    sys.exit(differing > 0 or not steps)


main()
