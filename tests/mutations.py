#!/usr/bin/env python3
"""Breaks the storage protocol and the closing on purpose, one place at a time, and sees that the tests notice.

Each mutation puts another expression or statement in the place of one that stands exactly once in a file; one that is not
found any more is an error, so that the list follows the code. All of them are built at once, into a copy of the tree under
target/mutations, as branches between which the variable MUTATION chooses; without it everything is as it was. The build
directory of the copy begins with the dependencies that are built already. The suites run in the order below until one
fails. Run all of the mutations, or those that are named:

    python3 tests/mutations.py [--list] [NAME ...]
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "mutations"
TREE = WORK / "tree"
STORE = "shared/store/src/lib.rs"
USAGE = "shared/store/src/usage.rs"
EXCHANGE = "shared/store/src/usage/exchange.rs"
SEAL = "shared/store/src/usage/seal.rs"
CHAIN = "shared/store/src/usage/chain.rs"
LIMIT = "shared/store/src/usage/limit.rs"
LATE = "shared/store/src/usage/late.rs"
CELL = "shared/store/src/page/cell.rs"
PAGE = "shared/store/src/page.rs"
CHANGES = "shared/store/src/changes.rs"
ADVANCE = "shared/operations/src/invoices/advance.rs"
CLOSE = "shared/operations/src/invoices/close.rs"
CHANGE = "shared/operations/src/subscriptions/change.rs"
PERIOD_END = "shared/billing/src/subscription/period_end.rs"

# The suites, in the order in which they are tried: the simulation names the invariant that broke, and tells it soonest.
SIMULATION = ["run", "--profile", "simulation", "--package", "simulation", "--"]
SUITES = [
    ("simulation", [*SIMULATION, "--histories", "3000"]),
    ("scenarios", ["test", "--package", "tests", "--test", "scenarios"]),
    ("single faults", [*SIMULATION, "--sweep"]),
]
PROFILES = ["debug", "simulation"]
# How long a suite may take once all is built: six times what it takes.
LONGEST_SUITE_SECONDS = 900

# What the copy's store has more than the tree's.
SWITCH = """
/// The mutation that this process lives with, if any.
pub fn mutation() -> &'static str {
    static NAME: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| std::env::var("MUTATION").unwrap_or_default());
    &NAME
}
"""

# Name, what is broken, file, what stands there, what comes in its place. Two of one name are one mutation: where either guard
# alone suffices, both are dropped. Where something has to stand around it to tell the place, what is replaced is in [[double
# brackets]].
#
# A condition that others imply is not among them. That a page which is sealed ends within its period follows from its bound,
# which is made first and stays. That the last page of a query is read again by the next one would matter only where an item
# of a transaction could be written before a query shows all of them.
REVISE = 'format!("{set}{remove}"), [["R = :revision"]], values)'
MUTATIONS = [
    ("overwrite", "a record overwrites the one that stands under its key", USAGE,
     'conditions.push_str(&format!("attribute_not_exists(#r{n}) AND "));', ""),
    ("into-sealed", "a record comes into a sealed page", USAGE,
     'format!("{conditions}attribute_not_exists(S) AND (attribute_not_exists(#end) OR #end > :last)")',
     'format!("{conditions}(attribute_not_exists(#end) OR #end > :last)")'),
    ("beyond-end", "a record comes into a page that ends before it", USAGE,
     'format!("{conditions}attribute_not_exists(S) AND (attribute_not_exists(#end) OR #end > :last)")',
     'format!("{conditions}attribute_not_exists(S) AND (attribute_not_exists(#end) OR #end > :last OR #end <= :last)")'),
    ("acknowledge-first", "a record is acknowledged though its write failed", USAGE,
     "self.store.table.send_update(update).await?",
     "self.store.table.send_update(update).await.unwrap_or(Sent::Done(None))"),
    ("split-outdated", "a page is split by what it was, not by what it is", USAGE,
     '"E = :end AND B = :bytes AND attribute_not_exists(S)"',
     '"E = :end AND (B = :bytes OR B <> :bytes) AND attribute_not_exists(S)"'),
    ("split-sealed", "a sealed page is split", USAGE,
     '"E = :end AND B = :bytes AND attribute_not_exists(S)"', '"E = :end AND B = :bytes"'),
    ("exchange-changed", "a deletion or correction replaces what it did not read", EXCHANGE,
     '"#record = :old AND attribute_not_exists(S) AND E > :key"',
     '"(#record = :old OR #record <> :old) AND attribute_not_exists(S) AND E > :key"'),
    ("exchange-sealed", "a deletion or correction comes into a sealed page", EXCHANGE,
     '"#record = :old AND attribute_not_exists(S) AND E > :key"', '"#record = :old AND E > :key"'),
    ("forget-tombstone", "a deletion forgets what it deleted", CELL,
     "[[Cell { current: None, deleted }]]\n", "Cell { current: None, deleted: self.deleted.clone() }"),
    ("revive", "a late retry revives what was deleted", PAGE,
     "None if [[cell.was_deleted(content)]] =>", "false"),
    ("correction-early", "a correction is not later than what it corrects", CELL,
     "latest.max(now)", "now"),
    ("late-overwrite", "a late row replaces one that was not read", LATE,
     '"V = :old"', '"V = :old OR V <> :old"'),
    ("seal-unbound", "a period is sealed before its end is a bound between pages", SEAL,
     "match [[self.bound_at(number, &span.to).await]] {", "Ok::<bool, StoreError>(true)"),
    ("seal-gap", "a seal is done although its pages do not chain", CHAIN,
     "Tiling::Broken => [[return Ok(None)]],", "if walk.seals.is_none() { return Ok(None) }"),
    ("seal-early", "a seal is done although its pages end before the period does", CHAIN,
     "Tiling::EndsEarly(_) if walk.seals.is_some() => [[return Ok(None)]],", "{}"),
    ("seal-listed", "what is billed is what was listed before the seal", CHAIN,
     "_ => [[self.seal_page(&page.start, period, to).await]],",
     "self.seal_page(&page.start, period, to).await.map(|sealed| sealed.map(|_| page))"),
    ("read-broken", "an answer comes from pages that do not tile", CHAIN,
     "Tiling::Broken => [[return Ok(None)]],", "if walk.seals.is_some() { return Ok(None) }"),
    ("read-early", "an answer comes from pages that end early", CHAIN,
     "if [[self.store.table.get_settled(&key::page(&self.partition, self.price, &end)).await?.is_some()]] {", "false"),
    ("read-foreign", "what lies beside the range is listed with it", CHAIN,
     ".filter(|(key, _)| [[whole || of.contains(key)]]));", "true"),
    ("freeze-unsealed", "an invoice is frozen without the seal", CLOSE,
     "let sealing = [[Reading { seals: invoice.value.ended_number(), ..Reading::default() }]];", "Reading::default()"),
    ("freeze-early", "an invoice is frozen from what was read before the seal", CLOSE,
     "let rated = [[rate_for_good(store, site, head, &invoice.value, sealing).await?]];",
     "rate_for_good(store, site, head, &invoice.value, sealing).await?; trial"),
    ("freeze-twice", "an invoice is frozen over a frozen one", CHANGES, REVISE,
     'if D::NOUN == "invoice" { "R = :revision OR R <> :revision" } else { "R = :revision" }'),
    ("number-twice", "two invoices get one number", CHANGES,
     '[["N = :last"]]\n', '"N = :last OR N <> :last"'),
    ("close-unordered", "an invoice is closed before the earlier one", CLOSE,
     "stands.value.status.is_pending() => [[Err(StoreError::Contended.into())]],", "Ok(())"),
    ("close-unordered", "the earlier one is not looked for either", CLOSE,
     ".filter(|first| [[first.value.boundary() < invoice.value.boundary()]])", "false"),
    ("head-behind", "an invoice is rated by a head that is older than it", ADVANCE,
     "if [[!is_known]] || pending.value.closes_at > now", "false"),
    ("head-outdated", "a boundary is generated over a head that has changed", CHANGES, REVISE,
     'if D::NOUN == "subscription" { "R = :revision OR R <> :revision" } else { "R = :revision" }'),
    ("moved-behind", "the end of a period is moved by a clock that is behind the last change", CHANGE,
     "let mut now = [[asked_at.max(before.value.updated_at)]];", "asked_at"),
    ("moved-passed", "a period is ended at an instant that has passed", PERIOD_END,
     "if [[end.is_some_and(|end| current.period.start < end && end < now)]] {", "false"),
    ("limit-passed", "a usage beyond the limit is counted", LIMIT,
     '"attribute_not_exists(F) OR F >= :usages"', '"attribute_not_exists(F) OR F >= :usages OR F < :usages"'),
    ("limit-kept", "a deletion frees no usage of the limit", LIMIT,
     '"ADD F :one"', '"SET F = F + :one - :one"'),
    ("failed-message", "a message that failed is not given back", "functions/issue-invoice/src/lib.rs",
     "response.batch_item_failures.push(failure);", "drop(failure);"),
    ("remembered-head", "what is refused is refused from memory", "shared/operations/src/usage/admit.rs",
     "let subscription = if [[head.remembered]] && (rejects || !bills()) {", "false"),
]


def mutated(file, text):
    """Puts all mutations into the text of a file, as branches beside what stands there."""
    switch = "store::mutation()"
    if file.startswith("shared/store/"):
        switch = "crate::mutation()"
    elif file.startswith("shared/billing/"):
        # Billing knows no store.
        switch = 'std::env::var("MUTATION").unwrap_or_default().as_str()'
    branches = {}
    for name, _, where, place, after in MUTATIONS:
        if where == file:
            branches.setdefault(place, []).append((name, after))
    for place, others in branches.items():
        before = place[place.index("[[") + 2 : place.rindex("]]")] if "[[" in place else place
        plain = place.replace(f"[[{before}]]", before)
        if text.count(plain) != 1:
            sys.exit(f"error: {others[0][0]}: what it replaces stands {text.count(plain)} times in {file}")
        arms = " ".join(f'"{name}" => {{ {after} }}' for name, after in others)
        branch = f"match {switch} {{ {arms} _ => {{ {before} }} }}"
        text = text.replace(plain, plain.replace(before, branch))
    return text


def copy_tree():
    """Brings the copy up to date; files that did not change keep their times, so that little is built anew."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True
    )
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    files = {mutation[2] for mutation in MUTATIONS}
    for name in names:
        source, target = ROOT / name, TREE / name
        content = source.read_bytes()
        if name in files:
            content = mutated(name, content.decode()).encode()
        if name == STORE:
            content += SWITCH.encode()
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(source, target)
    known = {TREE / name for name in names}
    for path in TREE.rglob("*"):
        if path.is_file() and path not in known:
            path.unlink()


def link_dependencies():
    """Gives a new build directory what is built of the dependencies, as links: the crates of the tree are left out, since
    cargo writes into their files, and so are programs."""
    own = {manifest.parent.name for root in ("shared", "functions", "tests") for manifest in (ROOT / root).rglob("Cargo.toml")}
    for profile in PROFILES:
        built, copy = ROOT / "target" / profile, WORK / "target" / profile
        if copy.exists() or not built.exists():
            continue

        def left_out(folder, names):
            crates = {name: name.rsplit("-", 1)[0].removeprefix("lib").replace("_", "-") for name in names}
            is_program = {name for name in names if folder == str(built / "deps") and "." not in name}
            return is_program | {name for name, crate in crates.items() if crate in own}

        for folder in ("deps", "build", ".fingerprint"):
            shutil.copytree(built / folder, copy / folder, copy_function=os.link, ignore=left_out)


def cargo(arguments, log, mutation=""):
    """Runs cargo on the copy and says whether it succeeded."""
    command, *others = arguments
    command = ["cargo", command, "--locked", "--target-dir", str(WORK / "target"), *others]
    with log.open("ab") as output:
        environment = os.environ | {"MUTATION": mutation}
        run = subprocess.Popen(
            command, cwd=TREE, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            return run.wait(LONGEST_SUITE_SECONDS if mutation else None) == 0
        except subprocess.TimeoutExpired:
            output.write(f"without end: it took more than {LONGEST_SUITE_SECONDS} seconds\n".encode())
            return False
        finally:
            # With all that it started: a mutation may well make a loop that never ends.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()


def told(log):
    """What a suite that failed says: the history and the invariant, or the tests."""
    text = log.read_text(errors="replace")
    history = re.search(r"^after (\d+) histories: ([^:\n]*)", text, re.MULTILINE)
    if history:
        return f"history {int(history[1]) + 1}, {history[2]}"
    failed = re.findall(r"^test (\S+) \.\.\. FAILED$", text, re.MULTILINE)
    ended = set(re.findall(r"^test (\S+) \.\.\. ", text, re.MULTILINE))
    slow = re.findall(r"^test (\S+) has been running for over", text, re.MULTILINE)
    failed += [f"{test} without end" for test in slow if test not in ended]
    failed += re.findall(r"^without end: .*$", text, re.MULTILINE) if not failed else []
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"{', '.join(failed[:3]) or f'see {log}'}{more}"


def try_one(name):
    """Returns which suite caught the mutation, and how, or None."""
    log = WORK / f"{name}.log"
    for suite, arguments in SUITES:
        log.unlink(missing_ok=True)
        if not cargo(arguments, log, name):
            return f"{suite}: {told(log)}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the mutations and end")
    parser.add_argument("names", nargs="*", help="the mutations to try; all of them where none is named")
    options = parser.parse_args()
    unknown = set(options.names) - {mutation[0] for mutation in MUTATIONS}
    if unknown:
        sys.exit(f"error: there is no mutation {', '.join(sorted(unknown))}")
    chosen = {}
    for name, what, *_ in MUTATIONS:
        if not options.names or name in options.names:
            chosen.setdefault(name, what)
    if options.list:
        for name, what in chosen.items():
            print(f"{name}: {what}")
        return
    copy_tree()
    link_dependencies()
    print("The tests as they are", flush=True)
    log = WORK / "unchanged.log"
    log.unlink(missing_ok=True)
    for suite, arguments in SUITES:
        if not cargo(arguments, log):
            sys.exit(f"error: {suite} fails without any mutation; see {log}")
    print("\n| mutation | what is broken | caught by | s |\n|---|---|---|---|", flush=True)
    survived = []
    for name, what in chosen.items():
        begun = time.monotonic()
        caught = try_one(name)
        print(f"| {name} | {what} | {caught or 'NOBODY'} | {time.monotonic() - begun:.0f} |", flush=True)
        if caught is None:
            survived.append(name)
    print(f"\n{len(chosen) - len(survived)} of {len(chosen)} mutations are caught")
    if survived:
        sys.exit(f"error: nobody notices {', '.join(survived)}")


if __name__ == "__main__":
    main()
