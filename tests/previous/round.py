"""One run of the scenario on a site of its own: who does each step, and whether each answer is what it has to be."""

import difflib
import hashlib
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

ROOT_KEY = "local-root-key"

# Texts for people may be reworded, and each request has an id of its own.
WORDS = re.compile(r'"(detail|title|reason|unrated_reason|request_id)":"(?:[^"\\]|\\.)*"')
CURSOR = re.compile(r'"next_cursor":"[^"]*"')
# The test clocks of the scenario stand in 2015 and 2016.
REAL_TIME = re.compile(r'"20(?:2\d|[3-9]\d)-\d\d-\d\dT[0-9:.]+Z"')


# One usage of a batch that failed.
FAILURE = re.compile(r'"status":5\d\d')


class Mismatch(Exception):
    """An answer that is not what it has to be."""


@dataclass(frozen=True)
class Answer:
    """What a function answered to an HTTP request."""

    status: int
    media_type: str
    body: str

    @staticmethod
    def of(response):
        headers = {name.lower(): value for name, value in (response.get("headers") or {}).items()}
        return Answer(response["statusCode"], headers.get("content-type", ""), response.get("body") or "")

    def json(self):
        return json.loads(self.body) if self.body else None

    def comparable(self):
        """What both versions have to say alike: bytes where it is a success, members where it is a problem."""
        text = CURSOR.sub('"next_cursor":"..."', WORDS.sub(r'"\1":"..."', self.body))
        if self.media_type == "application/problem+json":
            text = json.dumps(json.loads(text), sort_keys=True)
        return f"{self.status} {self.media_type}\n{text}"


class Round:
    """The site of one run, its callers, and the transcript of what they were answered.

    `choose` names the version that does a step, by the number of the step. The `readers` are all versions. `reference` is
    the transcript of the earlier version alone; where there is one, this run has to repeat it answer by answer.
    """

    def __init__(self, name, readers, choose, queue, content_seed, reference=None):
        self.site, self.readers, self.choose, self.queue, self.reference = name, readers, choose, queue, reference
        self.key = f"{name}-admin-key"
        self.content_seed, self.random = content_seed, random.Random(content_seed)
        self.steps = self.calls = 0
        # Reads are done by every version, or else by the one that did not do the last step.
        self.read_by_all, self.last = True, readers[0]
        self.transcript = []
        # What is another text in each run, and what stands for it in the transcript.
        self.aliases = {name: "the-site"}

    # Who does what.

    def turn(self):
        self.steps += 1
        self.last = self.choose(self.steps)
        return self.last

    def other(self, version):
        return next((reader for reader in self.readers if reader is not version), version)

    # Calls of the API.

    def call(self, version, method, path, body=None, key=None, headers=None):
        self.calls += 1
        sent = {"authorization": f"Bearer {key or self.key}", **(headers or {})}
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        if body is not None:
            sent = {"content-type": "application/json", **sent}
        return Answer.of(version.request(method, path, sent, body))

    def send(self, label, method, path, body=None, *, expect, by=None, key=None, headers=None):
        """Lets one version do a step, and returns the JSON that it answers."""
        by = by or self.turn()
        answer = self.call(by, method, path, body, key, headers)
        self.note(label, f"{method} {path}", by, answer, expect)
        return answer.json() if "json" in answer.media_type else answer.body

    def post(self, label, path, body=None, *, expect=201, **options):
        return self.send(label, "POST", path, body, expect=expect, **options)

    def patch(self, label, path, body, *, expect=200, **options):
        return self.send(label, "PATCH", path, body, expect=expect, **options)

    def delete(self, label, path, *, expect=204, **options):
        return self.send(label, "DELETE", path, expect=expect, **options)

    def create(self, label, path, body, other, **options):
        """Creates something in one version; the other one knows it again, and refuses another content of that name."""
        by = self.turn()
        beside = self.other(by)
        first = self.post(label, path, body, by=by, **options)
        again = self.post(f"{label}, again", path, body, by=beside, expect=200, **options)
        if again != first:
            difference = unlike(json.dumps(first), json.dumps(again))
            self.fail(f"{label}, again", f"{by} created it, {beside} answers otherwise", difference)
        self.post(f"{label}, other content", path, {**body, **other}, by=beside, expect=409, **options)
        return first

    def read(self, label, path, *, expect=200, key=None):
        """Reads by every version, or by the one that `read_by_all` says, and returns the JSON that all answer."""
        readers = self.readers if self.read_by_all else [self.other(self.last)]
        answers = [(reader, self.call(reader, "GET", path, key=key)) for reader in readers]
        (one, first), *rest = answers
        for reader, answer in rest:
            if answer.comparable() != first.comparable():
                difference = unlike(first.comparable(), answer.comparable())
                self.fail(label, f"GET {path}: {one} and {reader} read otherwise", difference)
        self.note(label, f"GET {path}", one, first, expect)
        return first.json()

    def read_all(self, label, path, limit, key=None):
        """Reads a list page by page; each cursor is given by one version and taken by all."""
        listed, cursor = [], ""
        while cursor is not None:
            joined = f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}"
            page = self.read(f"{label}, from {len(listed)}", joined, key=key)
            listed += page["list"]
            cursor = None
            if "next_cursor" in page:
                giver = self.call(self.turn(), "GET", joined, key=key).json()
                cursor = f"&cursor={giver['next_cursor']}"
        return listed

    def at_once(self, label, path, usages):
        """Posts the same usages to both versions at the same time: one records each, and the other finds it there."""
        posting = self.readers if len(self.readers) > 1 else self.readers * 2
        answers = together(*(lambda by=by: self.call(by, "POST", path, {"usages": usages}) for by in posting))
        outcomes = [answer.json()["outcomes"] for answer in answers]
        for one, other in zip(*outcomes):
            statuses = sorted((one["status"], other["status"]))
            if statuses != [200, 201] or one.get("usage") != other.get("usage"):
                self.fail(label, f"POST {path} to {posting[0]} and {posting[1]} at once", f"{one}\n{other}")
        said = json.dumps([outcome["usage"] for outcome in outcomes[0]])
        self.note(label, f"POST {path}", posting[0], Answer(207, "application/json", said), 207)

    # Schedule and queue.

    def tick(self, label, due=None):
        """Lets the schedule's function of one version send what is due: so many subscriptions, or at least one."""
        by = self.turn()
        self.calls += 1
        answer = by.invoke("close-periods", {"detail-type": "Scheduled Event", "detail": "{}"})
        if answer != {"due": due} and (due is not None or not answer["due"]):
            self.fail(label, f"close-periods of {by}", f"it answers {answer}, and {due or 'some'} are due")
        self.note(label, "close-periods", by, Answer(200, "application/json", json.dumps(answer)), 200)

    def lose_messages(self):
        """Loses what the queue holds, as if nothing had been sent."""
        while self.queue.take():
            pass

    def drain(self, label, failing=()):
        """Works the queue off: one version takes each batch. Some go to the other one as well, afterwards or meanwhile.

        Messages of the `failing` subscriptions have to fail, and are delivered once more, to the other version.
        """
        seen = set()
        while records := self.queue.take():
            by = self.turn()
            seen |= {json.loads(record["body"])["subscription_id"] for record in records}
            way = (self.steps + self.content_seed) % 3
            if way == 0 and not failing:
                workers = (by, self.other(by))
                together(*(lambda worker=worker: self.work(label, worker, records, failing) for worker in workers))
                continue
            failed = self.work(label, by, records, failing)
            again = records if way == 1 else [record for record in records if record["messageId"] in failed]
            if again:
                self.work(f"{label}, again", self.other(by), [delivered_again(record) for record in again], failing)
        said = Answer(200, "application/json", json.dumps(sorted(seen)))
        self.note(label, "issue-invoice", self.readers[0], said, 200)

    def work(self, label, by, records, failing):
        """Gives a batch to one version, and returns the messages that failed: those of the `failing` subscriptions."""
        self.calls += 1
        answer = by.invoke("issue-invoice", {"Records": records})
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        expected = {
            record["messageId"] for record in records if json.loads(record["body"])["subscription_id"] in failing
        }
        if failed != expected:
            self.fail(label, f"issue-invoice of {by}", f"{failed or 'nothing'} failed of {records}")
        return failed

    # What is compared.

    def alias(self, text, name):
        """Says that a text is another one in each run, and what it is called in the transcript."""
        self.aliases[text] = name

    def alias_key(self, key):
        self.alias(hashlib.sha256(key.encode()).hexdigest(), f"the-id-of-{key.removeprefix(self.site)}")

    def note(self, label, what, by, answer, expect):
        expected = expect if isinstance(expect, tuple) else (expect,)
        if answer.status not in expected or FAILURE.search(answer.body):
            self.fail(label, f"{what}: {by} answers {answer.status}, not {expect}", answer.body)
        text = REAL_TIME.sub('"..."', answer.comparable())
        for alias, name in self.aliases.items():
            text = text.replace(alias, name)
        self.transcript.append((label, text))
        if self.reference is None:
            return
        at = len(self.transcript) - 1
        known, expected = self.reference[at] if at < len(self.reference) else ("the end", "")
        if (known, expected) != (label, text):
            heading = f"{what}: {by} answers otherwise than the earlier version alone did at «{known}»"
            self.fail(label, heading, unlike(expected, text))

    def compare_length(self):
        """Sees that the earlier version alone went no further."""
        if len(self.transcript) != len(self.reference):
            self.fail("the end", "the earlier version alone went on", self.reference[len(self.transcript)][0])

    def fail(self, label, heading, difference):
        raise Mismatch(f"at «{label}», step {self.steps} of {self.site}\n{heading}\n{difference}")


def together(*jobs):
    """Does everything at the same time, and returns the results."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def delivered_again(record):
    count = int(record["attributes"]["ApproximateReceiveCount"]) + 1
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": str(count)}}


def unlike(expected, found):
    """Where two answers differ, a line for each member."""
    lines = [pretty(text).splitlines() for text in (expected, found)]
    shown = list(difflib.unified_diff(*lines, "expected", "found", lineterm="", n=4))
    return "\n".join(shown) or f"the bytes differ:\n{expected}\n{found}"


def pretty(text):
    head, _, body = text.rpartition("\n")
    try:
        return f"{head}\n{json.dumps(json.loads(body), indent=1)}"
    except ValueError:
        return text
