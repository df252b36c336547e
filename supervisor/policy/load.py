"""A scope's files to one value: parameters filled in, what it extends merged, its own examples tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from supervisor.errors import ScopeError
from supervisor.model.codec import digest
from supervisor.policy.document import Problems, parse, shown, suggestion
from supervisor.policy.examples import try_examples
from supervisor.policy.lint import check_rules
from supervisor.policy.merge import merge
from supervisor.policy.plain import REGISTRIES_BECAUSE
from supervisor.policy.rego_text import read_rego
from supervisor.policy.scope import Parameter, RegoFile, Rule, Rules, Scope, Source
from supervisor.policy.sections import Stated, read_body, read_head

Read = Callable[[str], tuple[str, str] | None]
ReadRego = Callable[[str, str], tuple[str, str] | None]
Registries = Sequence[str] | Callable[[], Sequence[str]]
REGISTRIES = "registries"
MOST_FILES = 16
LONGEST_VALUE = 1_000
_PLACE = re.compile(r"\$\{([^}]*)\}")
# Without a pattern of its own a value may not widen what the rule around it says, nor become more words.
_PLAIN_VALUE = re.compile(r"[^\s*?\[\]{}$\\'\"`;|&<>\x00-\x1f\x7f]*\Z")


def load(
    name: str,
    read: Read,
    values: Mapping[str, str],
    *,
    registries: Registries = (),
    unfilled: bool = False,
    rego: ReadRego = lambda scope, name: None,
) -> Scope:
    """The scope `name`, ready to decide with. Raises `ScopeError` with everything that is wrong with it.

    `read(name)` gives a scope's file, as the user names it, and its text; `None` = there is none. `values` fill in
    parameters; a required one that is missing is an error, unless `unfilled`: then its `${name}` stays in the texts.
    `registries` is what that word stands for among hosts; a function is called only where a scope uses the word.
    `rego(scope, name)` gives a file of conditions that the scope file `scope` names, as `read` does.
    """
    loading = _Loading(read, dict(values), registries, unfilled, rego)
    scope = loading.scope(name, None, ())
    unknown = sorted(set(values) - {parameter.name for parameter in scope.parameters})
    if unknown:
        known = [parameter.name for parameter in scope.parameters]
        raise ScopeError(
            f"{shown(unknown[0])} is no parameter of {scope.name}{suggestion(unknown[0], known)}",
            where=scope.source.file,
            fix=f"its parameters: {', '.join(known)}" if known else "it has no parameters",
        )
    return scope


class _Loading:
    def __init__(
        self, read: Read, values: dict[str, str], registries: Registries, unfilled: bool, rego: ReadRego
    ) -> None:
        self._read, self._values, self._registries, self._unfilled = read, values, registries, unfilled
        self._rego = rego
        self._done: dict[str, Scope] = {}

    def scope(self, name: str, asked: Source | None, within: tuple[str, ...]) -> Scope:
        if name in within:
            chain = " → ".join((*within[within.index(name) :], name))
            raise ScopeError(f"scopes extend each other in a circle: {chain}", where=str(asked), fix="take one out")
        if name in self._done:
            return self._done[name]
        found = self._read(name)
        if found is None:
            where = str(asked) if asked else ""
            raise ScopeError(f"there is no scope {shown(name)}", where=where, fix="`agent-supervise scopes` lists them")
        if len(within) + len(self._done) >= MOST_FILES:
            raise ScopeError("more files than a scope needs", where=str(asked), fix="extend fewer scopes")
        file, text = found
        self._done[name] = made = self._made(name, file, text, within)
        return made

    def _made(self, name: str, file: str, text: str, within: tuple[str, ...]) -> Scope:
        problems = Problems()
        fields, stated = read_head(parse(file, text), file, problems)
        parents = [self.scope(parent, source, (*within, name)) for parent, source in stated.extends]
        parameters = _parameters(stated, parents)
        values = self._filled_in(parameters, stated, problems)
        if self._unfilled:
            values = {name: "${" + name + "}" for name in parameters} | values

        def fill(raw: str, source: Source) -> str:
            return _fill(raw, source, values, problems)

        read_body(fields, stated, fill, problems)
        problems.raise_any()
        stated.rules = {section: self._with_registries(rules) for section, rules in stated.rules.items()}
        scope = merge(stated, parents, problems)
        problems.raise_any()
        rego = self._conditions(file, stated, parents, problems)
        problems.raise_any()
        own = [(file, text), *((one.file, one.text) for one in rego)]
        texts = tuple(dict.fromkeys([*own, *(entry for parent in parents for entry in parent.texts)]))
        used = tuple(sorted((key, value) for key, value in values.items() if key in parameters))
        scope = replace(
            scope,
            parameters=tuple(parameters.values()),
            values=used,
            texts=texts,
            rego=rego,
            digest=digest(
                {
                    "texts": [text for _, text in texts],
                    "values": [list(pair) for pair in used],
                    REGISTRIES: [
                        host
                        for rule in scope.network.rules
                        if rule.because == REGISTRIES_BECAUSE
                        for host in rule.patterns
                    ],
                }
            ),
        )
        check_rules(scope, stated, problems)
        problems.raise_any()
        try_examples(scope, problems, unfilled=self._unfilled)
        problems.raise_any()
        return scope

    def _conditions(
        self, file: str, stated: Stated, parents: Sequence[Scope], problems: Problems
    ) -> tuple[RegoFile, ...]:
        """The files of conditions that this file names, after those of what it extends."""
        found = {one.file: one for parent in parents for one in parent.rego}
        for name, source in stated.policy.rego:
            if "${" in name:
                continue
            read = self._rego(file, name)
            if read is None:
                problems.add(
                    source, f"there is no file {shown(name)}", "put it beside the scope's file, or name a shipped one"
                )
                continue
            package = read_rego(*read, problems).package
            found.setdefault(read[0], RegoFile(*read, package, source))
        by_package: dict[str, RegoFile] = {}
        for one in found.values():
            other = by_package.setdefault(one.package, one)
            if other is not one and one.package:
                problems.add(one.source, f"{one.file} and {other.file} are one package", "give each its own")
        return tuple(found.values())

    def _filled_in(self, parameters: Mapping[str, Parameter], stated: Stated, problems: Problems) -> dict[str, str]:
        filled: dict[str, str] = {}
        own = {parameter.name: source for parameter, source in stated.parameters}
        for name, parameter in parameters.items():
            where = own.get(name, stated.source)
            value = self._values.get(name, parameter.default)
            if value is None:
                if not self._unfilled:
                    problems.add(
                        where,
                        f"the parameter `{name}` is missing" + (f": {parameter.ask}" if parameter.ask else ""),
                        f"pass --set {name}=VALUE",
                    )
                continue
            if (value or name in self._values) and (why := wrong_value(parameter, value)):
                problems.add(
                    where, f"the parameter `{name}` cannot be {shown(value)}: {why}", f"pass --set {name}=VALUE"
                )
                continue
            filled[name] = value
        return filled

    def _with_registries(self, rules: Rules) -> Rules:
        made: list[Rule] = []
        for rule in rules.rules:
            if rule.section != "network" or REGISTRIES not in rule.patterns:
                made.append(rule)
                continue
            hosts = tuple(self._registries() if callable(self._registries) else self._registries)
            others = tuple(pattern for pattern in rule.patterns if pattern != REGISTRIES)
            if others:
                made.append(replace(rule, patterns=others))
            if hosts:
                made.append(replace(rule, patterns=hosts, because=rule.because or REGISTRIES_BECAUSE))
        return replace(rules, rules=tuple(made))


def _parameters(stated: Stated, parents: Sequence[Scope]) -> dict[str, Parameter]:
    """All parameters; one that is declared again is the nearer file's."""
    found = {parameter.name: parameter for parent in parents for parameter in parent.parameters}
    return found | {parameter.name: parameter for parameter, _ in stated.parameters}


def wrong_value(parameter: Parameter, value: str) -> str:
    """Why a parameter cannot have this value; empty if it can."""
    if len(value) > LONGEST_VALUE:
        return f"it is longer than {LONGEST_VALUE} characters"
    if not value and parameter.default is None:
        return "it is empty"
    if parameter.pattern and value:
        return "" if re.fullmatch(parameter.pattern, value) else f"it must match {parameter.pattern}"
    if not _PLAIN_VALUE.match(value):
        return "it holds a space, a wildcard or a quote, and the parameter has no pattern that allows them"
    return ""


def _fill(raw: str, source: Source, values: Mapping[str, str], problems: Problems) -> str:
    if "${" not in raw:
        return raw

    def put(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            if not any(f"parameter `{name}`" in error.what for error in problems.found):
                problems.add(
                    source,
                    f"{shown('${' + name + '}')} is no parameter of this scope{suggestion(name, values)}",
                    f"declare it: `parameters: {{{name or 'name'}: {{ask: …}}}}`",
                )
            return ""
        return values[name]

    return _PLACE.sub(put, raw)
