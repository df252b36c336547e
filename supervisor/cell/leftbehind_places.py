"""What in a workspace is run later by the developer's own tools, by name, and why it matters, in the user's words.

Sources: the tools' own documentation of which files they read without being told to.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RunsLater:
    """`why` completes "look at it, because"; `alone`: it acts without being asked for (on entering, opening, status).

    `reads` names what of its text counts (`texts.telling`); empty: every change of it counts.
    """

    why: str
    alone: bool = False
    reads: str = ""


def _rules(why: str, names: str, *, alone: bool = False, reads: str = "") -> dict[str, RunsLater]:
    return dict.fromkeys(names.split(), RunsLater(why, alone, reads))


NAMES: Final[dict[str, RunsLater]] = {
    **_rules("your shell runs it when you enter the folder (direnv)", ".envrc .direnv", alone=True),
    **_rules("your editor runs tasks and tools that it names when you open the folder",
             ".vscode .idea .zed .fleet .vs .helix .nvim.lua .nvimrc .exrc .vimrc .lvimrc .local.vimrc .dir-locals.el "
             ".devcontainer .devcontainer.json .clangd .kakrc", alone=True),
    **_rules("the next agent that you start here runs hooks and servers that it names, or does what it says",
             ".claude .claude.json .mcp.json mcp.json .codex .gemini .cursor .cursorrules .cursorignore .windsurf "
             ".windsurfrules .continue .continuerc.json .clinerules .roo .roomodes .kiro .qwen .opencode opencode.json "
             "opencode.jsonc .aider.conf.yml .agents .amazonq .goosehints .crush.json crush.json CLAUDE.md "
             "CLAUDE.local.md AGENTS.md AGENTS.override.md GEMINI.md copilot-instructions.md", alone=True),
    **_rules("your editor's linters run what it names as soon as a file is opened",
             "eslint.config.js eslint.config.mjs eslint.config.cjs eslint.config.ts .eslintrc.js .eslintrc.cjs "
             ".prettierrc.js .prettierrc.cjs .prettierrc.mjs prettier.config.js prettier.config.mjs "
             "stylelint.config.js .pylintrc pylintrc .flake8 .rubocop.yml .externalToolBuilders", alone=True),
    **_rules("terraform runs the providers that it pins, with your credentials", ".terraform.lock.hcl"),
    **_rules("git runs it when you commit, push or check out",
             ".husky .pre-commit-config.yaml .pre-commit-hooks.yaml lefthook.yml .lefthook.yml lefthook.yaml "
             ".lefthook lefthook-local.yml .overcommit.yml .githooks .lintstagedrc .lintstagedrc.json", alone=True),
    **_rules("git runs programs for the files that it names", ".gitattributes", alone=True, reads="gitattributes"),
    **_rules("git fetches and updates what it names", ".gitmodules", reads="gitmodules"),
    **_rules("it is a shell's or tool's start-up file: it runs where it is sourced or linked from your home",
             ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin "
             ".zlogout .kshrc .mkshrc .cshrc .tcshrc .xinitrc .xprofile .inputrc .tmux.conf .screenrc .gdbinit "
             ".lldbinit .irbrc .pryrc .pdbrc .psqlrc .sqliterc .wgetrc .curlrc .netrc .gitconfig .ssh .pam_environment",
             alone=True),
    **_rules("it picks the programs that run under a tool's name here (mise, asdf, pyenv, nvm …)",
             "mise.toml .mise.toml mise.local.toml .mise.local.toml .mise mise .tool-versions .rtx.toml "
             ".python-version .node-version .nvmrc .ruby-version .java-version .go-version .terraform-version "
             ".sdkmanrc .prototools devbox.json devenv.nix flake.nix shell.nix default.nix .flox rust-toolchain "
             "rust-toolchain.toml global.json", alone=True),
    **_rules("package managers take registries, programs and start options from it",
             ".npmrc .yarnrc .yarnrc.yml .yarn .pnpmfile.cjs .pnpmfile.mjs pnpm-workspace.yaml bunfig.toml "
             ".bunfig.toml pip.conf .pip .pypirc .condarc .gemrc .bundle .cargo .mvn gradle.properties init.gradle "
             "NuGet.Config nuget.config .sbtopts .jvmopts .bazelrc .buckconfig .pdm.toml poetry.toml uv.toml "
             ".terraformrc terraform.rc .ansible.cfg ansible.cfg .composer auth.json"),
    **_rules("its scripts run with `npm install` and `npm run`", "package.json", reads="package.json"),
    **_rules("it runs when you build, test or start the project",
             "GNUmakefile Makefile makefile justfile Justfile .justfile Taskfile.yml Taskfile.yaml Rakefile "
             "magefile.go noxfile.py tox.ini fabfile.py tasks.py dodo.py build.rs gradlew gradlew.bat mvnw mvnw.cmd "
             "Vagrantfile Tiltfile Procfile Brewfile skaffold.yaml Gruntfile.js gulpfile.js gulpfile.mjs",
             reads="make"),
    **_rules("Python runs it by itself: with pytest, with `pip install .`, or with every start in this folder",
             "conftest.py setup.py sitecustomize.py usercustomize.py pyvenv.cfg ._pth"),
    **_rules("it is built and run with your container engine, and may mount your folders",
             "Dockerfile Containerfile docker-compose.yml docker-compose.yaml compose.yml compose.yaml "
             "docker-compose.override.yml docker-compose.override.yaml compose.override.yml compose.override.yaml "
             "docker-bake.hcl"),
    **_rules("tools that start here take their environment from it", ".env .env.local .flaskenv"),
    **_rules("your CI runs it with its own secrets once it is pushed",
             ".gitlab-ci.yml .travis.yml .circleci Jenkinsfile azure-pipelines.yml bitbucket-pipelines.yml .drone.yml "
             ".woodpecker.yml .woodpecker .buildkite appveyor.yml .appveyor.yml cloudbuild.yaml buildspec.yml "
             ".semaphore .teamcity .cirrus.yml renovate.json .renovaterc .mergify.yml"),
    **_rules("agent-supervise offers it as a scope of this project (you are shown what changed before it is used)",
             ".agent-supervise"),
}  # fmt: skip
"""By the name of a file or folder, at any depth; a folder stands for everything in it."""

_BY_NAME: Final = {name.lower(): rule for name, rule in NAMES.items()}
"""Case does not count: there are file systems that do not tell it, and few names that differ in it alone."""

BELOW: Final[dict[tuple[str, str], RunsLater]] = {
    **dict.fromkeys(
        ((forge, part) for forge in (".github", ".gitea", ".forgejo") for part in ("workflows", "actions")),
        RunsLater("your CI runs it with its own secrets once it is pushed"),
    ),
    (".config", "mise"): NAMES["mise.toml"],
    (".config", "direnv"): NAMES[".envrc"],
    (".config", "nvim"): NAMES[".vimrc"],
    ("gradle", "wrapper"): NAMES["gradlew"],
    (".hg", "hgrc"): RunsLater("Mercurial runs programs that it names with every command", alone=True),
    (".terraform", "providers"): RunsLater("terraform runs them, with your credentials"),
    ("node_modules", ".bin"): RunsLater("`npm run` and `npx` find their programs there"),
}
"""By the names of a folder and of what lies in it."""

SUFFIXES: Final[dict[str, RunsLater]] = {
    ".pth": RunsLater("every start of the Python that it is installed for runs it", alone=True),
    ".code-workspace": NAMES[".vscode"],
    ".sublime-project": NAMES[".vscode"],
    ".desktop": RunsLater("your desktop starts what it names when it is opened"),
    ".dockerfile": NAMES["Dockerfile"],
}

BEGINNINGS: Final[dict[str, RunsLater]] = {
    "dockerfile.": NAMES["Dockerfile"],
    "docker-compose.": NAMES["compose.yml"],
    "jenkinsfile.": NAMES["Jenkinsfile"],
    ".env.": NAMES[".env"],
}

GIT_CONFIG: Final = RunsLater("git runs programs that it names, some with every `git status`", True, "git config")
GIT_HOOK: Final = RunsLater("git runs it when you commit, push, check out or merge", True)
GIT_TODO: Final = RunsLater("git runs its `exec` lines when you continue what was begun", False, "git todo")
GIT_ELSEWHERE: Final = RunsLater("git takes its configuration from the folder that it names", True, "commondir")
GIT_FILE: Final = RunsLater("git takes its configuration and hooks from the folder that it names", True)
VENV_PROGRAM: Final = RunsLater("it runs under its name while the virtual environment is active")
VENV: Final = RunsLater("it is a virtual environment: what is in it runs when you use it")
SHADOWS: Final = RunsLater("it takes the place of Python's own module for every Python that starts in this folder")
OUTWARD: Final = RunsLater("it leads out of the workspace: what you read or write through it is something else")
SET_ID: Final = RunsLater("who runs it acts with the rights of its owner", True)
DOOR: Final = RunsLater("nobody is behind it any more; a program that opens it waits, or meets somebody else")
DEVICE: Final = RunsLater("it is a device", True)

STANDARD_MODULES: Final = frozenset(f"{name}.py" for name in sys.stdlib_module_names)
BULK: Final = frozenset(
    ("node_modules", "bower_components", ".tox", ".nox", "__pycache__", ".terraform", ".gradle", "site-packages")
)
"""Folders of what was installed or built: of their insides only repositories, set-id bits, doors, `.pth` files and
programs count, because each package brings files that are told apart above."""


_PARENTS: Final = frozenset(parent for parent, _ in BELOW)
_INITIALS: Final = frozenset(beginning[0] for beginning in BEGINNINGS)


def rule_for(parent: str, name: str, *, top: bool) -> RunsLater | None:
    """What runs a file or folder of this name later, if anything; `parent` is its folder's name, both in lower case."""
    known = _BY_NAME.get(name)
    if known is not None:
        return known
    if parent in _PARENTS and (known := BELOW.get((parent, name))) is not None:
        return known
    dot = name.rfind(".")
    if dot >= 0:
        known = SUFFIXES.get(name[dot:])
        if known is None and name[0] in _INITIALS:
            known = next((rule for start, rule in BEGINNINGS.items() if name.startswith(start)), None)
    if known is None and top and name in STANDARD_MODULES:
        known = SHADOWS
    return known
