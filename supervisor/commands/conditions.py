"""Conditions in Rego on the command line: what they say to one thing that is judged, and their own tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from supervisor.errors import ScopeError
from supervisor.model.condition import Condition, strictest
from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.request import Action, Exec
from supervisor.policy import decide as deciding
from supervisor.policy.examples import request_for
from supervisor.policy.rego_tighten import decide_under, has_conditions
from supervisor.policy.scope import Scope

NOT_ACCEPTED = "the server is not asked before you have accepted this scope: start a session with it"


def judge_actions(
    scope: Scope, decision: Decision, actions: Iterable[Action], now: datetime, environment: Mapping[str, str]
) -> Decision:
    """The decision on these, and on what they visibly lead to, with the scope's conditions as they are `now`."""
    if not has_conditions(scope) or decision.effect is Effect.DENY:
        return decision
    from supervisor.rego.conditions import Conditions
    from supervisor.rego.opa_token import token_of

    asked, untold = _accepted(scope)
    conditions = Conditions(asked, token_of=lambda server: token_of(server, environment))
    conditions.start()
    made = [decision]
    try:
        for action in map(_found(environment), _all(actions)):
            request = request_for(action)
            ruled = deciding.decide(scope, (), request, now)
            condition = strictest((conditions.ask(request, ruled, now).result(), *untold))
            made.append(decide_under(scope, (), request, now, condition))
    finally:
        conditions.close()
    return deciding.strictest(reversed(made))


def _all(actions: Iterable[Action]) -> Iterable[Action]:
    from supervisor.parse.command import inner

    for action in actions:
        yield action
        if isinstance(action, Exec):
            yield from (start for start in inner(action) if isinstance(start, Exec))


def _found(environment: Mapping[str, str]) -> Callable[[Action], Action]:
    """Programs by their whole path, as a session has them; shell text names them alone."""

    def found(action: Action) -> Action:
        if not isinstance(action, Exec) or "/" in action.program:
            return action
        path = shutil.which(action.program, path=environment.get("PATH"))
        return replace(action, program=str(Path(path).resolve())) if path else action

    return found


def _accepted(scope: Scope) -> tuple[Scope, tuple[Condition, ...]]:
    """A project's scope lies where an agent can write: it sends nobody's token anywhere before it was accepted."""
    from supervisor.scope_files import difference

    if not scope.opa or difference(scope) is None:
        return scope, ()
    untold = tuple(Condition(server.unreachable, server.url, NOT_ACCEPTED, fault=True) for server in scope.opa)
    return replace(scope, opa=()), untold


def test_conditions(scope: Scope, cwd: Path) -> tuple[int, list[ScopeError]]:
    """Run the tests that lie beside a scope's files of conditions: how many hold, and what is wrong."""
    from supervisor.rego.testing import as_rego, run_tests, tests_beside
    from supervisor.scope_files import read_text, rego_path

    held, problems = 0, list[ScopeError]()
    for one in scope.rego:
        beside = tests_beside(rego_path(one.file, cwd))
        if beside is None:
            continue
        name = str(Path(one.file).with_name(beside.name))
        tested = run_tests(one, as_rego(name, read_text(beside, name)), scope.rego)
        held += len(tested.held)
        problems += tested.problems
    return held, problems


def test_file(file: str) -> tuple[int, list[ScopeError]]:
    """Compile one file of conditions by itself and run its tests. Raises `ScopeError`."""
    from supervisor.rego.compiling import compile_files
    from supervisor.rego.testing import as_rego, run_tests, tests_beside
    from supervisor.scope_files import read_text

    path = Path(file)
    if path.name.endswith("_test.rego"):
        about = path.with_name(f"{path.name.removesuffix('_test.rego')}.rego")
        return test_file(str(about))
    if not path.is_file():
        raise ScopeError("there is no such file", where=file, fix="name a file of conditions: change-window.rego")
    one = as_rego(file, read_text(path, file))
    compile_files([one]).kill()
    beside = tests_beside(path)
    if beside is None:
        return 0, []
    name = str(beside)
    tested = run_tests(one, as_rego(name, read_text(beside, name)))
    return len(tested.held), list(tested.problems)
