"""Runs the functions of an earlier commit beside those of the present tree on one table, and compares their answers.

The earlier version first runs the scenario alone. Then both versions run the same content together, each on a site of its
own: `ASSIGNMENTS` says which version does which step. Every answer must equal the one that the earlier version gave alone.
"""

import argparse
import os
import random
import signal
import sys
import time
import traceback
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

import live_site
from endpoints import Endpoints, InvoiceQueue
from lambda_function import FunctionFailed, Version
from round import Mismatch, Round
from scenario import Scenario


# Each returns what it is called, and which version does a step, by the number of the step.


def upgrade(earlier, present, steps, drawn):
    at = drawn.randint(1, steps)
    return f"earlier, from step {at} present", lambda step: earlier if step < at else present


def taken_back(earlier, present, steps, drawn):
    at = drawn.randint(1, steps)
    return f"present, from step {at} earlier", lambda step: present if step < at else earlier


def alternating(earlier, present, steps, drawn):
    first = drawn.randint(0, 1)
    return "in turns", lambda step: (earlier, present)[(step + first) % 2]


def drawn_by_lot(earlier, present, steps, drawn):
    seed = drawn.random()
    return "by lot", lambda step: random.Random(f"{seed} {step}").choice((earlier, present))


ASSIGNMENTS = [upgrade, taken_back, alternating, drawn_by_lot]


class Bench:
    """One table and one queue, with the functions of both versions over them."""

    def __init__(self, options, name):
        logs = options.logs / name
        logs.mkdir(parents=True, exist_ok=True)
        self.running, self.ended = [], False
        options.benches.append(self)
        try:
            endpoints = self.run(Endpoints(options.present / "bin" / "local", logs / "endpoints.log"))
            environment = endpoints.environment
            self.queue = InvoiceQueue(environment)
            self.earlier, self.present = (
                self.run(Version(version, place / "bin", place / "template.yaml", environment, logs))
                for version, place in [("earlier", options.earlier), ("present", options.present)]
            )
            self.earlier.start()
            self.present.start()
        except BaseException:
            self.end()
            raise

    def run(self, process):
        self.running.append(process)
        if self.ended:
            raise FunctionFailed("interrupted")
        return process

    def end(self):
        self.ended = True
        for process in reversed(self.running):
            process.end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def compare(options, content):
    """Runs one content under every assignment, and returns how many rounds and calls that took."""
    seed = options.seed * 1000 + content
    with Bench(options, f"content-{content}") as bench:
        earlier, present, drawn = bench.earlier, bench.present, random.Random(f"who {seed}")
        alone = Round(f"content-{content}-0", [earlier], lambda step: earlier, bench.queue, seed)
        Scenario(alone).live()
        rounds = []
        for number, assignment in enumerate(ASSIGNMENTS, 1):
            name, choose = assignment(earlier, present, alone.steps, drawn)
            print(f"content {content}: {name}", flush=True)
            site = f"content-{content}-{number}"
            rounds.append(Round(site, [earlier, present], choose, bench.queue, seed, alone.transcript))
            Scenario(rounds[-1]).live()
            rounds[-1].compare_length()
        return len(rounds), sum(run.calls for run in [alone, *rounds])


def use_live_site(options, number):
    """Runs both versions on a live site. Its time is the real one, so that no earlier run can be compared with it."""
    with Bench(options, f"live-{number}") as bench:
        drawn = random.Random(f"live {options.seed} {number}")
        name, choose = [alternating, drawn_by_lot][number](bench.earlier, bench.present, 1, drawn)
        print(f"live site: {name}", flush=True)
        run = Round(f"live-{number}", [bench.earlier, bench.present], choose, bench.queue, options.seed)
        live_site.use(run)
        return 1, run.calls


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--earlier", type=Path, required=True, help="the earlier commit's tree and binaries")
    parser.add_argument("--present", type=Path, required=True, help="the present tree's")
    parser.add_argument("--logs", type=Path, required=True, help="where the functions write")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--contents", type=int, default=6, help="how many contents of the scenario")
    options = parser.parse_args()
    options.benches = []
    print(f"seed {options.seed}", flush=True)
    # Leaving by an exception ends every process that was started.
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, lambda *_: sys.exit("error: interrupted"))
    begun = time.monotonic()
    jobs = [(use_live_site, number) for number in range(2)]
    jobs += [(compare, content) for content in range(options.contents)]
    # Caller, function and table wait for each other, so one bench keeps about one processor busy.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(job, options, number) for job, number in jobs]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
        finally:
            for job in running:
                job.cancel()
            # Jobs that still run fail at once without their functions; only those in `done` are reported.
            for bench in options.benches:
                bench.end()
    failures = [job.exception() for job in done if not job.cancelled() and job.exception()]
    for failure in failures:
        known = isinstance(failure, (Mismatch, FunctionFailed))
        told = str(failure) if known else "".join(traceback.format_exception(failure))
        print(f"error: {told}", file=sys.stderr)
    if failures:
        sys.exit(f"To repeat it: bash tests/previous.sh {options.seed} {options.contents}")
    rounds, calls = (sum(numbers) for numbers in zip(*(job.result() for job in running)))
    took = time.monotonic() - begun
    print(f"previous: {rounds} rounds, {calls:,} calls, every answer the same ({took:.0f} s)")


if __name__ == "__main__":
    main()
