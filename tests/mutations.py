#!/usr/bin/env python3
"""Breaks the storage protocol and the closing on purpose, one place at a time, and sees that the tests notice.

Each mutation replaces a text that stands exactly once in a file; one that is not found any more is an error, so that the
list follows the code. It works on a copy of the tree under target/mutations, with a build directory of its own, and runs
the simulation first, then the scenarios, until one of them fails. Run all of them, or those that are named:

    python3 tests/mutations.py [--list] [NAME ...]
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "mutations"
TREE = WORK / "tree"
USAGE = "shared/store/src/usage.rs"
EXCHANGE = "shared/store/src/usage/exchange.rs"
SEAL = "shared/store/src/usage/seal.rs"
READ = "shared/store/src/usage/read.rs"
LIMIT = "shared/store/src/usage/limit.rs"
LATE = "shared/store/src/usage/late.rs"
CELL = "shared/store/src/page/cell.rs"
PAGE = "shared/store/src/page.rs"
CLOSING = "shared/store/src/closing.rs"

# The suites, in the order in which they are tried, each with the packages that it needs to be built.
SUITES = [
    ("simulation", ["test", "--locked", "--package", "simulation"]),
    ("scenarios", ["test", "--locked", "--package", "tests", "--test", "scenarios"]),
]

# Name, what is broken, file, what stands there, what comes in its place.
MUTATIONS = [
    ("overwrite", "a record overwrites the one that stands under its key", USAGE,
     'conditions.push_str(&format!("attribute_not_exists(#r{n}) AND "));', "conditions.push_str(\"\");"),
    ("into-sealed", "a record comes into a sealed page", USAGE,
     'format!("{conditions}attribute_not_exists(S) AND (attribute_not_exists(#end) OR #end > :last)")',
     'format!("{conditions}(attribute_not_exists(#end) OR #end > :last)")'),
    ("beyond-end", "a record comes into a page that ends before it", USAGE,
     'AND (attribute_not_exists(#end) OR #end > :last)")',
     'AND (attribute_not_exists(#end) OR #end > :last OR #end <= :last)")'),
    ("acknowledge-first", "a record is acknowledged though its write failed", USAGE,
     "let sent = self.store.table.send_update(update).await?;",
     "let sent = self.store.table.send_update(update).await.unwrap_or(Sent::Done(None));"),
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
     "Cell { current: None, deleted }\n", "Cell { current: None, deleted: self.deleted.clone() }\n"),
    ("revive", "a late retry revives what was deleted", PAGE,
     "None if cell.was_deleted(content) => CellAnswer::WasDeleted,",
     "None if false && cell.was_deleted(content) => CellAnswer::WasDeleted,"),
    ("correction-early", "a correction is not later than what it corrects", CELL,
     "latest.map_or(now, |latest| latest.max(now))", "latest.map_or(now, |_| now)"),
    ("late-overwrite", "a late row replaces one that was not read", LATE,
     '"V = :old"', '"V = :old OR V <> :old"'),
    ("seal-reaching", "a page that reaches beyond the period is sealed with it", SEAL,
     '.condition_expression("E <= :to")', '.condition_expression("E <= :to OR E > :to")'),
    ("seal-unbound", "a period is sealed before its end is a bound between pages", SEAL,
     "if !self.bound_at(number, &to).await? {", "if false && !self.bound_at(number, &to).await? {"),
    ("seal-gap", "a seal is done although its pages do not chain", SEAL,
     "Ok((tile(&sealed, &from, &to) == Tiling::Complete).then_some(sealed))",
     "Ok(Some(sealed))"),
    ("seal-listed", "what is billed is what was listed before the seal", SEAL,
     "async move { self.seal_page(&page.start, number, &to).await }",
     "async move { self.seal_page(&page.start, number, &to).await.map(|sealed| sealed.map(|_| page)) }"),
    ("read-broken", "an answer comes from pages that do not tile", READ,
     "Tiling::Broken => Ok(None),", "Tiling::Broken => Ok(Some(chain)),"),
    ("read-early", "an answer comes from pages that end early", READ,
     "Ok(next.is_none().then_some(chain))", "Ok(Some(chain).filter(|_| next.is_none() || next.is_some()))"),
    ("read-foreign", "records of other periods are billed", READ,
     ".filter(|(key, _)| period.contains(key.date));", ".filter(|(key, _)| period.contains(key.date) || true);"),
    ("freeze-unsealed", "an invoice is frozen without the seal", CLOSING,
     "let usage = self.seal_usage(site, &invoice.value).await?;",
     "let usage = self.live_usage(site, &invoice.value).await?;"),
    ("freeze-early", "an invoice is frozen from what was read before the seal", CLOSING,
     "let rated = self.rate_for_good(site, &invoice.value, usage).await?;",
     "drop(usage);\n        let rated = trial;"),
    ("freeze-twice", "an invoice is frozen over a frozen one", CLOSING,
     'self.table.update(&key, update, "R = :revision", values)?',
     'self.table.update(&key, update, "R = :revision OR R <> :revision", values)?'),
    ("number-twice", "two invoices get one number", CLOSING,
     '"N = :last"\n', '"N = :last OR N <> :last"\n'),
    ("close-unordered", "an invoice is closed before the earlier one", CLOSING,
     "InvoiceStatus::Pending => Err(StoreError::Contended),", "InvoiceStatus::Pending => Ok(()),"),
    ("head-outdated", "a boundary is generated over a head that has changed", "shared/store/src/subscription.rs",
     'self.table.update(&key::head(&site.id, &after.id), update, "R = :revision", values)',
     'self.table.update(&key::head(&site.id, &after.id), update, "R = :revision OR R <> :revision", values)'),
    ("limit-passed", "a usage beyond the limit is counted", LIMIT,
     '"attribute_not_exists(F) OR F >= :usages"', '"attribute_not_exists(F) OR F >= :usages OR F < :usages"'),
    ("limit-kept", "a deletion frees no usage of the limit", LIMIT,
     '"ADD F :one"', '"SET F = F + :one - :one"'),
    ("failed-message", "a message that failed is not given back", "functions/issue-invoice/src/lib.rs",
     "response.batch_item_failures.push(failure);", "drop(failure);"),
    ("remembered-head", "what is refused is refused from memory", "functions/record-usage/src/post.rs",
     "let subscription = if head.remembered && (rejects || !bills(&head.subscription)) {",
     "let subscription = if false && head.remembered && (rejects || !bills(&head.subscription)) {"),
]


def copy_tree():
    """Brings the copy up to date; files that did not change keep their times, so that little is built anew."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True
    )
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    for name in names:
        source, target = ROOT / name, TREE / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
    known = {TREE / name for name in names}
    for path in TREE.rglob("*"):
        if path.is_file() and path not in known:
            path.unlink()


def cargo(arguments, log):
    """Runs cargo on the copy and says whether it succeeded."""
    command = ["cargo", *arguments, "--target-dir", str(WORK / "target")]
    with log.open("ab") as output:
        return subprocess.run(command, cwd=TREE, stdout=output, stderr=output, check=False).returncode == 0


def mutate(name, file, before, after):
    path = TREE / file
    text = path.read_text()
    if text.count(before) != 1:
        sys.exit(f"error: {name}: what it replaces stands {text.count(before)} times in {file}")
    path.write_text(text.replace(before, after))


def try_one(name, file, before, after):
    """Returns which suite caught the mutation, or None."""
    copy_tree()
    mutate(name, file, before, after)
    log = WORK / f"{name}.log"
    log.unlink(missing_ok=True)
    for suite, test in SUITES:
        if not cargo([*test, "--no-run"], log):
            sys.exit(f"error: {name} does not compile; see {log}")
        if not cargo(test, log):
            return suite
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the mutations and end")
    parser.add_argument("names", nargs="*", help="the mutations to try; all of them where none is named")
    options = parser.parse_args()
    unknown = set(options.names) - {mutation[0] for mutation in MUTATIONS}
    if unknown:
        sys.exit(f"error: there is no mutation {', '.join(sorted(unknown))}")
    chosen = [mutation for mutation in MUTATIONS if not options.names or mutation[0] in options.names]
    copy_tree()
    for name, what, file, before, after in chosen:
        count = (TREE / file).read_text().count(before)
        if count != 1:
            sys.exit(f"error: {name}: what it replaces stands {count} times in {file}")
        if options.list:
            print(f"{name}: {what}")
    if options.list:
        return
    print("The tests as they are", flush=True)
    for suite, test in SUITES:
        if not cargo(test, WORK / "unchanged.log"):
            sys.exit(f"error: {suite} fails without any mutation; see {WORK / 'unchanged.log'}")
    print("\n| mutation | what is broken | caught by | s |\n|---|---|---|---|", flush=True)
    survived = []
    for name, what, file, before, after in chosen:
        begun = time.monotonic()
        suite = try_one(name, file, before, after)
        print(f"| {name} | {what} | {suite or 'NOBODY'} | {time.monotonic() - begun:.0f} |", flush=True)
        if suite is None:
            survived.append(name)
    copy_tree()
    print(f"\n{len(chosen) - len(survived)} of {len(chosen)} mutations are caught")
    if survived:
        sys.exit(f"error: nobody notices {', '.join(survived)}")


if __name__ == "__main__":
    main()
