# SPDX-License-Identifier: GPL-2.0-or-later
"""The long run of the model: ``make soak``, or ``python tests/model/soak.py --help``.

Sequences come in chunks, each with a seed of its own that is printed, so that a
chunk with a defect is run again with ``--seed S --sequences N --chunk N``.
Prints how far it is, and at the end what was tried and what was found.
"""

import argparse
import os
import sys
import time
from concurrent import futures

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [_TESTS, os.path.join(os.path.dirname(_TESTS), "lib")]

from hypothesis import HealthCheck, Phase, seed, settings  # noqa: E402
from hypothesis.stateful import run_state_machine_as_test  # noqa: E402

from model import machine, parted  # noqa: E402
from model.census import Census  # noqa: E402


def _options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sequences", type=int, default=100000, help="how many in all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first chunk")
    parser.add_argument("--chunk", type=int, default=500, help="sequences with one seed")
    parser.add_argument("--steps", type=int, default=15, help="steps of a sequence at most")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--losses", action="store_true",
                        help="only what DRBD's fence-peer handler meets")
    parser.add_argument("--healings", action="store_true",
                        help="only split brains that `dualstor recover` heals")
    parser.add_argument("--no-shrink", action="store_true",
                        help="do not look for the smallest sequence that shows a defect")
    return parser.parse_args()


#: By the remainder of the seed. Every fourth is of lvmlockd with DRBD 9.
_KINDS = (machine.Cluster, machine.OldCluster, machine.NineCluster, machine.OldCluster)
_LOSSES = (machine.Losses, machine.NineLosses, machine.OldLosses)
_HEALINGS = (parted.Healings,)


def run_chunk(number, sequences, steps, shrink, kinds=_KINDS):
    """Run one chunk; its Census."""
    generation = kinds[number % len(kinds)]
    census = Census()
    cluster = seed(number)(type(generation.__name__, (generation,), {"census": census}))
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    wanted = settings(max_examples=sequences, stateful_step_count=steps, phases=phases,
                      deadline=None, database=None, derandomize=False, print_blob=True,
                      report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
    try:
        run_state_machine_as_test(cluster, settings=wanted)
    except BaseException as problem:    # pylint: disable=broad-except
        if isinstance(problem, (KeyboardInterrupt, SystemExit)):
            raise
        notes = "\n".join(getattr(problem, "__notes__", ()))
        census.defects.append("seed %d, %s: %s: %s\n%s" % (
            number, generation.__name__, type(problem).__name__, problem, notes))
    return census


def main():
    """Run all chunks; 1 when a defect was found."""
    options = _options()
    total, began = Census(), time.monotonic()
    sizes = [options.chunk] * (options.sequences // options.chunk)
    if options.sequences % options.chunk:
        sizes.append(options.sequences % options.chunk)
    print("%d sequences of at most %d steps in %d chunks, seeds %d to %d" % (
        options.sequences, options.steps, len(sizes), options.seed,
        options.seed + len(sizes) - 1), flush=True)
    with futures.ProcessPoolExecutor(options.jobs) as pool:
        waiting = {pool.submit(run_chunk, options.seed + n, size, options.steps,
                               not options.no_shrink,
                               _LOSSES if options.losses else
                               _HEALINGS if options.healings else _KINDS): options.seed + n
                   for n, size in enumerate(sizes)}
        for done in futures.as_completed(waiting):
            census = done.result()
            total.add(census)
            seconds = time.monotonic() - began
            print("seed %d: %d of %d sequences, %d actions, %d faults met, %d defects, %.0f s, "
                  "%.1f sequences/s" % (
                      waiting[done], total.sequences, options.sequences,
                      sum(total.actions.values()), sum(total.struck.values()), len(total.defects),
                      seconds, total.sequences / seconds), flush=True)
            for defect in census.defects:
                print(defect, flush=True)
    print("\n%s\n%.0f seconds" % (total.report(), time.monotonic() - began))
    return 1 if total.defects else 0


if __name__ == "__main__":
    sys.exit(main())
