"""Where scopes lie on this machine, and which of a project's scopes this user has accepted.

A name is looked for in the project's `.agent-supervise/scopes/`, then in the user's configuration folder, then among
the shipped presets. A project's scope lies where an agent can write: it is used only in the form that the user has
accepted last, and what was accepted is kept in the user's state folder, out of every cell.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from supervisor.console.picker.choice import ExampleLine, ScopeChoice
from supervisor.errors import ScopeError
from supervisor.policy.document import MOST_CHARACTERS
from supervisor.policy.load import load
from supervisor.policy.plain import plain_words
from supervisor.policy.scope import Example, Scope

Origin = Literal["project", "user", "shipped", "file"]
PROJECT_FOLDER: Final = Path(".agent-supervise") / "scopes"
SUFFIXES: Final = (".yaml", ".yml")
MOST_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class ScopeFile:
    """A scope's file: `file` is how messages and rules name it, `path` where it lies."""

    name: str
    path: Path
    origin: Origin
    file: str


def find_scope(name_or_path: str, cwd: Path, environment: Mapping[str, str]) -> ScopeFile:
    """The file of a scope. Text with a slash or a YAML ending is a path. Raises `ScopeError` if there is none."""
    if "/" in name_or_path or name_or_path.endswith(SUFFIXES):
        path = (cwd / Path(name_or_path).expanduser()).absolute()
        if not path.is_file():
            raise ScopeError(
                "there is no such scope file", where=name_or_path, fix="`agent-supervise scopes` lists scopes"
            )
        origin = _origin(path, cwd, environment)
        return ScopeFile(path.stem, path, origin, _shown(path, origin, cwd))
    for origin, folder in _folders(cwd, environment):
        for suffix in SUFFIXES:
            path = folder / (name_or_path + suffix)
            if path.is_file():
                return ScopeFile(name_or_path, path, origin, _shown(path, origin, cwd))
    known = [found.name for found in list_scopes(cwd, environment)]
    close = difflib.get_close_matches(name_or_path, known, 1)
    meant = f", did you mean `{close[0]}`?" if close else ""
    listed = f"there are: {', '.join(known)}" if known else "give the path of a scope file"
    raise ScopeError(f"there is no scope `{name_or_path}`{meant}", fix=listed)


def list_scopes(cwd: Path, environment: Mapping[str, str]) -> list[ScopeFile]:
    """Every scope that a name leads to, a nearer one in place of a farther one; the project's first."""
    found: dict[str, ScopeFile] = {}
    for origin, folder in _folders(cwd, environment):
        try:
            paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
        except OSError:
            continue
        for path in paths[:MOST_LISTED]:
            found.setdefault(path.stem, ScopeFile(path.stem, path, origin, _shown(path, origin, cwd)))
    return list(found.values())


def load_scope(
    name: str, *, cwd: Path, environment: Mapping[str, str], values: Mapping[str, str], unfilled: bool = False
) -> Scope:
    """The scope by name or path, ready for use. Raises `ScopeError`."""
    first = find_scope(name, cwd, environment)
    asked: list[tuple[str, ...]] = []
    paths = {first.file: first.path}

    def read(wanted: str) -> tuple[str, str] | None:
        if wanted == name:
            return first.file, read_file(first)
        # A scope next to the one that extends it comes first, so that a folder of scopes can be passed around.
        beside = first.path.parent / f"{wanted}{first.path.suffix}"
        if "/" not in wanted and beside.is_file():
            origin = first.origin
            file = _shown(beside, origin, cwd)
            paths[file] = beside
            return file, read_file(ScopeFile(wanted, beside, origin, str(beside)))
        try:
            found = find_scope(wanted, cwd, environment)
        except ScopeError:
            return None
        paths[found.file] = found.path
        return found.file, read_file(found)

    def rego(scope: str, wanted: str) -> tuple[str, str] | None:
        # Shipped conditions lie in a folder of their own; one beside the scope's file comes first.
        beside = paths[scope].parent / wanted
        for path, origin in ((beside, _origin(beside, cwd, environment)), (rego_folder() / wanted, "shipped")):
            if path.is_file():
                file = f"scopes/rego/{wanted}" if path.is_relative_to(rego_folder()) else _shown(path, origin, cwd)
                return file, read_file(ScopeFile(wanted, path, origin, file))
        return None

    def known() -> tuple[str, ...]:
        if not asked:
            from supervisor.registries import registries

            asked.append(registries(environment, cwd))
        return asked[0]

    scope = load(name, read, values, registries=known, unfilled=unfilled, rego=rego)
    if scope.rego:
        from supervisor.rego.compiling import compile_files

        compile_files(scope.rego).kill()
    return scope


def read_file(found: ScopeFile) -> str:
    """The text of a scope file; raises `ScopeError` where it is no ordinary, readable UTF-8 file of a sane size."""
    return read_text(found.path, found.file)


def read_text(path: Path, name: str) -> str:
    """The text of a file that messages call `name`. Raises `ScopeError` as `read_file` does."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ScopeError("this is no ordinary file", where=name, fix="pass a scope file")
            data = file.read(4 * MOST_CHARACTERS + 1)
        return data.decode("utf-8")
    except OSError as error:
        raise ScopeError(f"cannot be read: {error.strerror}", where=name, fix="look at its permissions") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ScopeError("not UTF-8 text", where=f"{name}:{line}", fix="save it as UTF-8") from error


def _folders(cwd: Path, environment: Mapping[str, str]) -> Iterator[tuple[Origin, Path]]:
    yield "project", cwd / PROJECT_FOLDER
    yield "user", _home_folder(environment, "XDG_CONFIG_HOME", ".config") / "scopes"
    yield "shipped", shipped_folder()


def shipped_folder() -> Path:
    """The presets: beside the package in a checkout, within it in an installed wheel."""
    package = Path(__file__).resolve().parent
    inside = package / "scopes"
    return inside if inside.is_dir() else package.parent / "scopes"


def rego_folder() -> Path:
    """The shipped conditions in Rego."""
    return shipped_folder() / "rego"


def rego_path(file: str, cwd: Path) -> Path:
    """Where a file of conditions lies, from how messages name it."""
    shipped = shipped_folder() / file.removeprefix("scopes/")
    return shipped if file.startswith("scopes/rego/") and shipped.is_file() else cwd / file


def _home_folder(environment: Mapping[str, str], variable: str, default: str) -> Path:
    chosen = environment.get(variable, "")
    # The XDG specification has relative paths ignored.
    base = Path(chosen) if chosen.startswith("/") else Path(environment.get("HOME") or Path.home()) / default
    return base / "agent-supervise"


def _shown(path: Path, origin: Origin, cwd: Path) -> str:
    if origin == "shipped":
        return f"scopes/{path.name}"
    if origin == "project":
        return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
    return str(path)


def _origin(path: Path, cwd: Path, environment: Mapping[str, str]) -> Origin:
    for origin, folder in _folders(cwd, environment):
        if origin != "project" and path.resolve().is_relative_to(folder.resolve()):
            return origin
    return "project" if _is_inside(path, cwd) else "file"


# ── for the picker ───────────────────────────────────────────────────────────────────────────────


def choices(cwd: Path, environment: Mapping[str, str]) -> tuple[ScopeChoice, ...]:
    """Every scope that can be started here, in plain words; one that cannot be used says why."""
    return tuple(_choice(found, cwd, environment) for found in list_scopes(cwd, environment))


def _choice(found: ScopeFile, cwd: Path, environment: Mapping[str, str]) -> ScopeChoice:
    origin: Literal["project", "user", "shipped"] = "user" if found.origin == "file" else found.origin
    try:
        scope = load_scope(str(found.path), cwd=cwd, environment=environment, values={}, unfilled=True)
        changed = difference(scope, cwd=cwd, environment=environment) or ""
    except ScopeError as error:
        return ScopeChoice(found.name, "", str(found.path), origin, problem=str(error))
    may, asks, never = plain_words(scope)
    return ScopeChoice(
        scope.name,
        scope.task,
        str(found.path),
        origin,
        may,
        asks,
        never,
        tuple(ExampleLine(_example(example), example.expect) for example in scope.examples),
        scope.parameters,
        scope.expires,
        difference=changed,
    )


def _example(example: Example) -> str:
    return f"{example.text} on {', '.join(arn.split(':', 5)[-1] for arn in example.on)}" if example.on else example.text


# ── what the user has accepted ───────────────────────────────────────────────────────────────────


def _project_texts(scope: Scope, cwd: Path) -> list[tuple[str, str]]:
    """The files of a scope that lie in the project, where an agent can write."""
    return [(file, text) for file, text in scope.texts if not _is_shipped(file, text) and _is_inside(cwd / file, cwd)]


def _is_shipped(file: str, text: str) -> bool:
    """True for a preset as it was shipped, whatever lies under that name in the project."""
    within = file.removeprefix("scopes/")
    path = shipped_folder() / within
    try:
        return within != file and ".." not in path.parts and path.read_bytes() == text.encode()
    except OSError:
        return False


def _is_inside(path: Path, cwd: Path) -> bool:
    # A link in the project may point anywhere: where it stands counts as well as where it leads.
    places = (Path(os.path.normpath(path)), path.resolve())
    return any(place.is_relative_to(folder) for place in places for folder in (cwd, cwd.resolve()))


def _accepted_file(cwd: Path, environment: Mapping[str, str], file: str) -> Path:
    state = _home_folder(environment, "XDG_STATE_HOME", ".local/state") / "accepted"
    place = os.path.normpath(cwd.resolve() / file)
    return state / f"{hashlib.sha256(os.fsencode(place)).hexdigest()}.yaml"


def difference(scope: Scope, *, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> str | None:
    """A unified diff of the scope's project files against what this user last accepted; `None` = nothing to accept."""
    here, settings = cwd or Path.cwd(), os.environ if environment is None else environment
    parts = []
    for file, text in _project_texts(scope, here):
        try:
            before = _accepted_file(here, settings, file).read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            before = None
        except OSError as error:
            raise ScopeError(
                f"what was accepted cannot be read: {error.strerror}",
                where=file,
                fix="look at the state folder",
            ) from error
        if before == text:
            continue
        old = "nothing was accepted yet" if before is None else "as you accepted it"
        lines = difflib.unified_diff(
            (before or "").splitlines(), text.splitlines(), f"{file} ({old})", f"{file} (as it is now)", lineterm=""
        )
        # Texts that differ in their line ends alone have no such lines, and are not the same.
        parts.append("\n".join(lines) or f"{file}: only line ends differ")
    return "\n".join(parts) if parts else None


def accept(scope: Scope, *, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
    """Remember the scope's project files as accepted by this user: the texts in `scope`, not what lies there now."""
    here, settings = cwd or Path.cwd(), os.environ if environment is None else environment
    for file, text in _project_texts(scope, here):
        target = _accepted_file(here, settings, file)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("wb", dir=target.parent, delete=False) as temporary:
                temporary.write(text.encode())
            Path(temporary.name).replace(target)
        except OSError as error:
            raise ScopeError(
                f"cannot remember that it was accepted: {error.strerror}",
                where=file,
                fix=f"make {target.parent} writable",
            ) from error


def accept_as_shown(
    scope: Scope, shown: str, *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Accept a scope of which this difference was read, empty = none. Raises `ScopeError` where another is there now.

    Between a list of scopes and the choice from it an agent that still runs here may have written to one.
    """
    changed = difference(scope, cwd=cwd, environment=environment)
    if changed is None:
        return
    if changed != shown:
        raise ScopeError(
            "it changed while you were choosing",
            where=scope.source.file,
            fix="start again, and read what is new in it",
        )
    accept(scope, cwd=cwd, environment=environment)
