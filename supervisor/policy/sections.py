"""The sections of one scope file as values, with everything that is wrong in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from supervisor.model.effect import Effect
from supervisor.policy.document import Fields, Node, Problems, read_duration, read_number, read_text, shown, suggestion
from supervisor.policy.expose import MOST as MOST_EXPOSED
from supervisor.policy.expose import read_exposed
from supervisor.policy.read_limits import read_limits
from supervisor.policy.rego_section import Stated as StatedPolicy
from supervisor.policy.rego_section import read_policy
from supervisor.policy.scope import (
    Example,
    Exposed,
    Files,
    FourEyes,
    Limits,
    McpServer,
    Parameter,
    Rule,
    Rules,
    Section,
    Source,
    Terraform,
)

Fill = Callable[[str, Source], str]
"""Puts parameters into a text of the file."""

KEYS: Final = frozenset(
    {
        *("scope", "task", "parameters", "extends", "expires", "aws", "commands", "files", "network", "mcp"),
        *("terraform", "policy", "approvals", "examples", "limits"),
    }
)
SECTION_KEYS: Final = {
    "aws": frozenset({"account", "regions", "rules", "otherwise"}),
    "commands": frozenset({"rules", "otherwise"}),
    "network": frozenset({"rules", "otherwise", "expose"}),
    "mcp": frozenset({"servers", "rules", "otherwise"}),
}
RULE_KEYS: Final = frozenset({"allow", "ask", "deny", "except", "because"})
AWS_RULE_KEYS: Final = RULE_KEYS | {"on", "where"}
EFFECTS: Final = ("allow", "ask", "deny")
OWNER_WORDS: Final = ("counts", "excluded")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*\Z")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}\Z")
_WIDEST = 200


@dataclass(slots=True)
class Stated:
    """What one file says, before it is merged with what it extends. `None` = it does not say."""

    file: str
    name: str = ""
    source: Source = field(default_factory=lambda: Source("", 1))
    task: str = ""
    extends: tuple[tuple[str, Source], ...] = ()
    parameters: tuple[tuple[Parameter, Source], ...] = ()
    expires: timedelta | None = None
    account: str = ""
    regions: tuple[str, ...] = ()
    rules: dict[Section, Rules] = field(default_factory=dict)
    otherwise: dict[Section, tuple[Effect, Source]] = field(default_factory=dict)
    expose: tuple[Exposed, ...] = ()
    mcp_servers: tuple[McpServer, ...] = ()
    files: Files | None = None
    limits: Limits = field(default_factory=Limits)
    write: tuple[str, ...] | None = None
    terraform: Terraform | None = None
    destroy: int | None = None
    wait: timedelta | None = None
    four_eyes: tuple[FourEyes, ...] = ()
    use_within: timedelta | None = None
    examples: tuple[Example, ...] = ()
    policy: StatedPolicy = field(default_factory=StatedPolicy)


def read_head(root: Node, file: str, problems: Problems) -> tuple[Fields, Stated]:
    """Name, task, parameters and what it extends: all that is needed before parameters can be filled in."""
    fields = Fields(root, KEYS, problems, "a scope")
    stated = Stated(file, source=fields.keys.get("scope", root.source))
    stated.name = fields.text("scope")
    if not _NAME.match(stated.name) or len(stated.name) > 60:
        problems.add(
            stated.source,
            f"a scope needs a name, and {shown(stated.name)} is none",
            "write `scope: some-task`, in small letters",
        )
    stated.extends = fields.texts("extends")
    if (node := fields.get("parameters")) is not None:
        stated.parameters = tuple(_parameters(node, problems))
    if (node := fields.get("expires")) is not None:
        stated.expires = read_duration(node, "expires", problems)
    return fields, stated


def _parameters(node: Node, problems: Problems) -> list[tuple[Parameter, Source]]:
    if node.pairs is None:
        problems.add(
            node.source, f"`parameters` is a mapping, and this is {node.kind}", "write `parameters: {bucket: {ask: …}}`"
        )
        return []
    found: dict[str, tuple[Parameter, Source]] = {}
    for key, value in node.pairs:
        name = key.text or ""
        if not _PARAMETER.match(name):
            problems.add(key.source, f"{shown(name)} is no name of a parameter", "letters, digits and _ only")
            continue
        if name in found:
            problems.add(key.source, f"{shown(name)} is here twice", "keep one of them")
            continue
        if value.text == "":
            found[name] = (Parameter(name), key.source)
            continue
        fields = Fields(value, {"ask", "default", "pattern"}, problems, f"the parameter {name}")
        default = fields.text("default") if "default" in fields else None
        pattern = fields.text("pattern")
        if pattern and (why := _bad_pattern(pattern)):
            at = fields.get("pattern")
            problems.add(at.source if at else key.source, f"{shown(pattern)}: {why}", "write a regular expression")
            pattern = ""
        found[name] = (Parameter(name, fields.text("ask"), default, pattern), key.source)
    return list(found.values())


def _bad_pattern(pattern: str) -> str:
    if len(pattern) > _WIDEST:
        return f"a pattern of {len(pattern)} characters"
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression: {error}"
    return ""


def read_body(fields: Fields, stated: Stated, fill: Fill, problems: Problems) -> None:
    """Everything else of the file, with parameters filled in."""
    body = _Body(fields, stated, fill, problems)
    body.read()


@dataclass(slots=True)
class _Body:
    fields: Fields
    stated: Stated
    fill: Fill
    problems: Problems

    def read(self) -> None:
        stated, fields = self.stated, self.fields
        stated.task = self.fill(fields.text("task"), fields.keys.get("task", stated.source))
        if not stated.task.strip():
            self.problems.add(stated.source, "a scope says what its task is", "write `task: Deploy the website`")
        for section in ("aws", "commands", "network", "mcp"):
            if (node := fields.get(section)) is not None:
                self._section(section, node)
        if (node := fields.get("files")) is not None:
            self._files(node)
        if (node := fields.get("limits")) is not None:
            stated.limits = read_limits(node, self.problems)
        if (node := fields.get("terraform")) is not None:
            self._terraform(node)
        if (node := fields.get("policy")) is not None:
            stated.policy = read_policy(node, self.fill, self.problems)
        if (node := fields.get("approvals")) is not None:
            self._approvals(node)
        if (node := fields.get("examples")) is not None:
            self._examples(node)

    def _filled(self, texts: tuple[tuple[str, Source], ...]) -> tuple[str, ...]:
        return tuple(self.fill(text, source) for text, source in texts)

    # ── sections with rules ──────────────────────────────────────────────────────────────────────

    def _section(self, section: Section, node: Node) -> None:
        fields = Fields(node, SECTION_KEYS[section], self.problems, f"`{section}`")
        if (rules := fields.get("rules")) is not None:
            self.stated.rules[section] = Rules(self._rules(section, rules))
        if "otherwise" in fields:
            self._otherwise(section, fields)
        if section == "aws":
            self._account(fields)
        if section == "network":
            self.stated.expose = tuple(self._exposed(fields))
        if section == "mcp" and (servers := fields.get("servers")) is not None:
            self.stated.mcp_servers = tuple(self._servers(servers))

    def _otherwise(self, section: Section, fields: Fields) -> None:
        word, where = fields.text("otherwise"), fields.keys["otherwise"]
        choices = EFFECTS if section == "commands" else EFFECTS[1:]
        if word not in choices:
            why = (
                ", since what leaves the cell is never allowed by default"
                if word == "allow"
                else suggestion(word, choices)
            )
            self.problems.add(
                where,
                f"`otherwise` of {section} is {' or '.join(choices)}, and not {shown(word)}{why}",
                "write `otherwise: ask`",
            )
            return
        self.stated.otherwise[section] = (Effect.of(word), where)

    def _account(self, fields: Fields) -> None:
        if "account" in fields:
            account = self.fill(fields.text("account"), fields.keys["account"])
            if account and not _ACCOUNT.match(account) and "${" not in account:
                self.problems.add(
                    fields.keys["account"],
                    f"{shown(account)} is no AWS account",
                    'twelve digits: `account: "123456789012"`',
                )
            self.stated.account = account
        regions = []
        for text, source in fields.texts("regions"):
            region = self.fill(text, source)
            if not _REGION.match(region) and "${" not in region:
                self.problems.add(source, f"{shown(region)} is no AWS region", "write it as eu-central-1")
            regions.append(region)
        self.stated.regions = tuple(regions)

    def _exposed(self, fields: Fields) -> list[Exposed]:
        found: list[Exposed] = []
        texts = fields.texts("expose")
        if len(texts) > MOST_EXPOSED:
            where = fields.keys["expose"]
            self.problems.add(where, f"{len(texts)} exposed ports", f"{MOST_EXPOSED} are the most that a scope exposes")
        for text, source in texts:
            try:
                found.append(read_exposed(self.fill(text, source)))
            except ValueError as error:
                self.problems.add(source, f"{shown(text)} cannot be exposed: {error}", "write `expose: [5173]`")
        return found

    def _rules(self, section: Section, node: Node) -> tuple[Rule, ...]:
        if node.items is None:
            self.problems.add(
                node.source, f"`rules` is a list, and this is {node.kind}", "begin each rule with `- allow: [...]`"
            )
            return ()
        if not node.items:
            self.problems.add(node.source, "`rules` is an empty list", "name something, or leave `rules` out")
        rules = (self._rule(section, item, number) for number, item in enumerate(node.items, 1))
        return tuple(rule for rule in rules if rule is not None)

    def _rule(self, section: Section, node: Node, number: int) -> Rule | None:
        known = AWS_RULE_KEYS if section == "aws" else RULE_KEYS
        before = len(self.problems.found)
        fields = Fields(node, known, self.problems, f"a rule of `{section}`")
        effects = [word for word in EFFECTS if word in fields]
        if len(effects) != 1:
            what = f"has {len(effects)} effects" if effects else "has no effect"
            if len(self.problems.found) == before or effects:
                self.problems.add(node.source, f"rule {number} {what}", "begin it with `allow:`, `ask:` or `deny:`")
            return None
        word = effects[0]
        # A rule without the conditions that were meant is not the rule that was meant: nothing of it is used.
        patterns = self._filled(fields.texts(word))
        because = self.fill(fields.text("because"), fields.keys.get("because", node.source))
        rule = Rule(
            section,
            Effect.of(word),
            patterns,
            node.source,
            on=self._filled(fields.texts("on")),
            where=self._where(fields),
            except_=self._filled(fields.texts("except")),
            because=" ".join(because.split()),
        )
        return rule if len(self.problems.found) == before else None

    def _where(self, fields: Fields) -> tuple[tuple[str, tuple[str, ...]], ...]:
        node = fields.get("where")
        if node is None:
            return ()
        tag = Fields(node, {"tag"}, self.problems, "`where`").get("tag")
        if tag is None or not tag.pairs:
            self.problems.add(node.source, "`where` names the tags of the resource", "write `where: {tag: {env: dev}}`")
            return ()
        found = []
        for key, value in tag.pairs:
            values = tuple(item.text or "" for item in (value.items if value.items is not None else (value,)))
            if not key.text or not all(values) or not values:
                self.problems.add(
                    key.source, "a tag has a name and one or more values", "write `{env: dev}` or `{env: [dev, test]}`"
                )
                continue
            found.append((self.fill(key.text, key.source), tuple(self.fill(one, value.source) for one in values)))
        return tuple(found)

    def _servers(self, node: Node) -> list[McpServer]:
        if node.pairs is None:
            self.problems.add(
                node.source,
                f"`servers` is a mapping, and this is {node.kind}",
                "write `servers: {name: {command: […]}}`",
            )
            return []
        found: dict[str, McpServer] = {}
        for key, value in node.pairs:
            name = key.text or ""
            if not _NAME.match(name) or name in found:
                what = "is here twice" if name in found else "is no name of a server"
                self.problems.add(key.source, f"{shown(name)} {what}", "a name in small letters, once")
                continue
            fields = Fields(value, {"command", "url", "env"}, self.problems, f"the server {name}")
            command, url = self._filled(fields.texts("command")), self.fill(fields.text("url"), key.source)
            if bool(command) == bool(url):
                self.problems.add(
                    key.source, f"the server {name} has a command or a url", "write `{command: [npx, …]}`"
                )
            env = fields.get("env")
            pairs = tuple(
                (read_text(one, "env", self.problems), self.fill(read_text(other, "env", self.problems), other.source))
                for one, other in ((env.pairs or ()) if env is not None else ())
            )
            found[name] = McpServer(name, command, url, pairs)
        return list(found.values())

    # ── the rest ─────────────────────────────────────────────────────────────────────────────────

    def _files(self, node: Node) -> None:
        fields = Fields(node, {"write", "read", "read_only", "hide"}, self.problems, "`files`")
        write = fields.get("write")
        nothing = write is not None and write.items == ()
        if write is not None:
            # `write: []` is the one list that may be empty: nothing may be written.
            self.stated.write = () if nothing else self._filled(fields.texts("write"))
        self.stated.files = Files(
            self.stated.write if self.stated.write is not None else (".",),
            self._filled(fields.texts("read")),
            self._filled(fields.texts("read_only")),
            self._filled(fields.texts("hide")),
        )

    def _terraform(self, node: Node) -> None:
        fields = Fields(node, {"destroy", "protect"}, self.problems, "`terraform`")
        if (destroy := fields.get("destroy")) is not None:
            self.stated.destroy = read_number(destroy, "destroy", 0, 100_000, self.problems)
        self.stated.terraform = Terraform(self.stated.destroy or 0, self._filled(fields.texts("protect")), node.source)

    def _approvals(self, node: Node) -> None:
        fields = Fields(node, {"wait", "four_eyes", "use_within"}, self.problems, "`approvals`")
        if (wait := fields.get("wait")) is not None:
            self.stated.wait = read_duration(wait, "wait", self.problems)
        if (within := fields.get("use_within")) is not None:
            self.stated.use_within = read_duration(within, "use_within", self.problems)
        eyes = fields.get("four_eyes")
        if eyes is None:
            return
        if not eyes.items:
            self.problems.add(
                eyes.source, "`four_eyes` lists what needs more than one human", "write `four_eyes: [{on: [git push]}]`"
            )
        self.stated.four_eyes = tuple(self._eyes(line) for line in eyes.items or ())

    def _eyes(self, node: Node) -> FourEyes:
        fields = Fields(node, {"on", "approvers", "count"}, self.problems, "a line of `four_eyes`")
        on = self._filled(fields.texts("on"))
        if not on and "on" not in fields:
            self.problems.add(node.source, "this line does not say what it is about", 'write `on: ["rds:*"]`')
        count, role, owner = 2, "approver", ""
        if (number := fields.get("count")) is not None:
            count = read_number(number, "count", 2, 9, self.problems)
        if (approvers := fields.get("approvers")) is not None:
            about = Fields(approvers, {"role", "owner"}, self.problems, "`approvers`")
            role = self.fill(about.text("role", role), approvers.source) or role
            owner = self._owner(about)
        return FourEyes(on, role, count, owner)

    def _owner(self, fields: Fields) -> str:
        word = fields.text("owner", OWNER_WORDS[0])
        if word not in OWNER_WORDS:
            self.problems.add(
                fields.keys["owner"],
                f"`owner` is {' or '.join(OWNER_WORDS)}, and not {shown(word)}{suggestion(word, OWNER_WORDS)}",
                "write `owner: excluded` where the session's owner must not be one of them",
            )
        return "excluded" if word != OWNER_WORDS[0] else ""

    def _examples(self, node: Node) -> None:
        if not node.items:
            self.problems.add(node.source, "`examples` is a list", "write `examples: [{run: ls, expect: allow}]`")
        self.stated.examples = tuple(
            example for item in node.items or () if (example := self._example(item)) is not None
        )

    def _example(self, node: Node) -> Example | None:
        fields = Fields(node, {"run", "aws", "connect", "mcp", "on", "tag", "expect"}, self.problems, "an example")
        kinds: list[Literal["run", "aws", "connect", "mcp"]] = [
            kind for kind in ("run", "aws", "connect", "mcp") if kind in fields
        ]
        expect = fields.text("expect")
        if len(kinds) != 1 or expect not in EFFECTS:
            meant = "" if expect in EFFECTS else suggestion(expect, EFFECTS)
            self.problems.add(
                node.source,
                f"an example is one request and what must come of it{meant}",
                "write `{run: git push, expect: ask}`, or aws, connect, mcp in place of run",
            )
            return None
        tags: tuple[tuple[str, str], ...] | None = None
        if (tag := fields.get("tag")) is not None:
            tags = tuple(
                (self.fill(key.text or "", key.source), self.fill(value.text or "", value.source))
                for key, value in tag.pairs or ()
            )
        text = self.fill(fields.text(kinds[0]), node.source)
        return Example(kinds[0], text, Effect.of(expect), node.source, self._filled(fields.texts("on")), tags)
