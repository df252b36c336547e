"""Reads about the resources of a call with the supervisor's own credentials: their tags, and what would be lost.

A rule may rest on the tags, so they are told whole or not at all; what would be lost is for a human who reads it, so
whatever is known of it is told. Both come back within `LONGEST_SECONDS`, whatever AWS does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

from supervisor.gates.aws.lookups_clients import HOME_REGION, CannotTell, Clients
from supervisor.gates.aws.lookups_facts import Facts, reads_of
from supervisor.gates.aws.lookups_tags import MOST_AT_ONCE, Tags, ec2_tags, grouped_tags, plain, tags_of
from supervisor.gates.aws.terms import Keys
from supervisor.model.request import AwsCall
from supervisor.policy.resources import is_exact, is_object, named

LONGEST_SECONDS: Final = 3.0
KEPT_SECONDS: Final = 30.0
MOST_TAGGED: Final = 300
"""Resources of one call whose tags are looked up; a call on more is judged without."""
MOST_TOLD: Final = 5
"""Resources of one call that a human is told about."""
_MOST_KEPT: Final = 10_000
_WORKERS: Final = 8
_T = TypeVar("_T")


class Lookups:
    """`credentials` gives keys that may read; `endpoint` stands in for all of AWS; `clock` counts seconds.

    Its calls block, from any thread, and raise nothing.
    """

    def __init__(
        self,
        credentials: Callable[[], Keys],
        endpoint: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._clients = Clients(credentials, endpoint or "", read_seconds=longest_seconds)
        self._clock, self._longest = clock, longest_seconds
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="aws-lookup")
        self._lock = threading.Lock()
        self._tags: dict[str, tuple[float, dict[str, str]]] = {}
        self._facts: dict[tuple[str, str], tuple[float, Facts]] = {}
        self._forgotten = 0
        self._changed: set[str] | None = set()
        """What changed in this session is asked from its service: the tagging API may be minutes behind it."""

    def close(self) -> None:
        """Look nothing up any more."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._clients.close()

    def forget(self, arns: tuple[str, ...]) -> None:
        """The tags of these resources, of all where they cannot be told, may be others from now on."""
        exact = all(is_exact(plain(arn)) for arn in arns)
        with self._lock:
            self._forgotten += 1
            if not arns or not exact or self._changed is None or len(self._changed) + len(arns) > _MOST_KEPT:
                self._changed = None
                self._tags.clear()
                return
            for arn in arns:
                self._tags.pop(plain(arn), None)
                self._changed.add(plain(arn))

    # ── tags ─────────────────────────────────────────────────────────────────────────────────────

    def tags(self, call: AwsCall) -> tuple[Tags, Tags] | None:
        """The tags that all resources of a call have, and those that only some have.

        `None` where one of them cannot be told: a resource that is a pattern or of a kind that is not known, an answer
        that failed, came late, or was not whole.
        """
        arns = tuple(dict.fromkeys(plain(arn) for arn in call.resources))
        if not arns or len(arns) > MOST_TAGGED or not all(is_exact(arn) and not is_object(arn) for arn in arns):
            return None
        until = self._clock() + self._longest
        with self._lock:
            before = self._forgotten
        try:
            kept = self._kept_tags(arns)
            known = kept | self._together([arn for arn in arns if arn not in kept], until)
            missing = [arn for arn in arns if arn not in known]
            asked = [self._workers.submit(tags_of, self._clients, arn) for arn in missing]
            known |= dict(zip(missing, self._all(asked, until), strict=True))
        except Exception:
            # Whatever it is, the answer is the same: the tags are not known, and a rule that rests on them is strict.
            return None
        with self._lock:
            # What was forgotten while it was looked up may be of before.
            if before == self._forgotten:
                if len(self._tags) > _MOST_KEPT:
                    self._tags.clear()
                expires = self._clock() + KEPT_SECONDS
                self._tags |= {arn: (expires, known[arn]) for arn in arns if arn not in kept}
        every = [set(known[arn].items()) for arn in arns]
        shared = set.intersection(*every)
        return tuple(sorted(shared)), tuple(sorted(set.union(*every) - shared))

    def _kept_tags(self, arns: Iterable[str]) -> dict[str, dict[str, str]]:
        now = self._clock()
        with self._lock:
            kept = {arn: self._tags[arn] for arn in arns if arn in self._tags}
        return {arn: tags for arn, (expires, tags) in kept.items() if now < expires}

    def _together(self, arns: list[str], until: float) -> dict[str, dict[str, str]]:
        """The tags that one call tells of many: EC2's own, and the tagging API's for what did not change lately."""
        ec2: dict[str, list[str]] = {}
        others: dict[str, list[str]] = {}
        with self._lock:
            changed = self._changed
            fresh = [arn for arn in arns if changed is not None and arn not in changed]
        for arn in arns:
            _, _, service, region, *_ = arn.split(":")
            if service == "ec2":
                ec2.setdefault(region, []).append(arn)
            elif service not in ("s3", "iam") and arn in fresh:
                others.setdefault(region or HOME_REGION, []).append(arn)
        surest = [
            self._workers.submit(ec2_tags, self._clients, region, few)
            for region, listed in ec2.items()
            for few in _few(listed)
        ]
        helpful = [
            self._workers.submit(grouped_tags, self._clients, region, few)
            for region, listed in others.items()
            for few in _few(listed)
        ]
        found: dict[str, dict[str, str]] = {}
        for tags in self._all(surest, until):
            found |= tags
        # Without the tagging API each service is asked about its own.
        for answer in self._done(helpful, until):
            found |= answer
        return found

    # ── what would be lost ───────────────────────────────────────────────────────────────────────

    def consequences(self, call: AwsCall) -> Facts:
        """What is known of the things that a call would destroy or change, as (label, text); of reads nothing."""
        if call.level in ("list", "read"):
            return ()
        try:
            return self._consequences(call)
        except Exception:
            # It is shown to a human, who is asked all the same: what went wrong is that less is known.
            return ()

    def _consequences(self, call: AwsCall) -> Facts:
        until = self._clock() + self._longest
        arns = tuple(dict.fromkeys(arn for arn in call.resources if is_exact(plain(arn))))
        subjects = _subjects(arns)
        asked = {subject: self._asked(subject, call.region) for subject in subjects[:MOST_TOLD]}
        wait([one for found in asked.values() if isinstance(found, list) for one in found], until - self._clock())
        told = {subject: self._answers(subject, call.region, found) for subject, found in asked.items()}
        if len(subjects) == 1 or len(arns) == 1:
            return tuple(pair for found in told.values() for pair in found)
        facts = [
            (named(subject).removesuffix("/"), ", ".join(f"{label} {text}" for label, text in found))
            for subject, found in told.items()
            if found
        ]
        more = [("looked up", f"{MOST_TOLD} of {len(subjects):,}")] if len(subjects) > MOST_TOLD else []
        return (*facts, *more)

    def _asked(self, subject: str, region: str) -> Facts | list[Future[Facts]]:
        """What is known of a thing still, else the reads that are under way."""
        with self._lock:
            expires, facts = self._facts.get((subject, region), (0.0, ()))
        if self._clock() < expires:
            return facts
        return [self._workers.submit(read) for read in reads_of(self._clients, subject, region)]

    def _answers(self, subject: str, region: str, found: Facts | list[Future[Facts]]) -> Facts:
        if isinstance(found, tuple):
            return found
        answers = [_answer(one) for one in found]
        facts = tuple(pair for answer in answers for pair in answer or ())
        if None not in answers:
            with self._lock:
                if len(self._facts) > _MOST_KEPT:
                    self._facts.clear()
                self._facts[subject, region] = (self._clock() + KEPT_SECONDS, facts)
        return facts

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────

    def _all(self, asked: list[Future[_T]], until: float) -> list[_T]:
        """Every answer. Raises what one of them raised, and `CannotTell` where one is not there in time."""
        _, late = wait(asked, max(0.0, until - self._clock()))
        if late:
            for one in late:
                one.cancel()
            raise CannotTell("it took too long")
        return [one.result() for one in asked]

    def _done(self, asked: list[Future[_T]], until: float) -> list[_T]:
        """The answers that are there in half of the time that is left."""
        wait(asked, max(0.0, (until - self._clock()) / 2))
        answers = [_answer(one) for one in asked]
        return [answer for answer in answers if answer is not None]


def _subjects(arns: tuple[str, ...]) -> tuple[str, ...]:
    """The things to ask about: of an object its bucket too, of many objects only that, as an object without a name."""
    buckets = tuple(f"{arn[: arn.index('/')]}/" if is_object(arn) else arn for arn in arns)
    return tuple(dict.fromkeys((*buckets, *arns) if len(arns) == 1 else buckets))


def _few(arns: list[str]) -> list[list[str]]:
    return [arns[at : at + MOST_AT_ONCE] for at in range(0, len(arns), MOST_AT_ONCE)]


def _answer(asked: Future[_T]) -> _T | None:
    """The answer, if there is one by now; who is late is not waited for, and not begun if it has not been."""
    if not asked.done():
        asked.cancel()
        return None
    return None if asked.cancelled() or asked.exception() is not None else asked.result()
