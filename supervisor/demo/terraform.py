"""The demo's terraform: init, plan, apply, destroy and state, as far as the story goes, on real AWS calls."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from supervisor.demo.provider import account, destroy, found
from supervisor.demo.wire import Refused

VERSION: Final = "v1.9.8"
STATE: Final = "terraform.tfstate"
_RESOURCE: Final = re.compile(r'^resource "([a-z0-9_]+)" "([a-z0-9_]+)"', re.MULTILINE)
_USAGE: Final = (
    "Usage: terraform [global options] <subcommand> [args]\n\nMain commands: init, plan, apply, destroy, state"
)


def main(argv: list[str]) -> int:
    """Run one command line; returns the exit code."""
    folder, words = Path(), [word for word in argv if not word.startswith("-")]
    for word in argv:
        if word.startswith("-chdir="):
            folder = Path(word.removeprefix("-chdir="))
    commands = {"init": _init, "plan": _plan, "apply": _apply, "destroy": _destroy, "state": _state}
    if argv and argv[0].lstrip("-") == "version":
        words = ["version"]
    try:
        if words[:1] == ["version"]:
            print(f"Terraform {VERSION}")
            return 0
        if not words or words[0] not in commands:
            print(_USAGE)
            return 127 if words else 0
        return commands[words[0]](folder, argv)
    except Refused as error:
        print(f"\nError: {error}", file=sys.stderr)
        return 1


def _init(folder: Path, argv: list[str]) -> int:
    if not _declared(folder):
        print("Terraform initialized in an empty directory!\n\nThe directory has no Terraform configuration files.")
        return 0
    print("Initializing the backend...\nInitializing provider plugins...")
    print('- Finding hashicorp/aws versions matching "~> 5.0"...\n- Installed hashicorp/aws v5.78.0 (pretended)\n')
    print("Terraform has been successfully initialized!")
    return 0


def _plan(folder: Path, argv: list[str]) -> int:
    account()
    there = set()
    for address, name in _known(folder).items():
        print(f"{address}: Refreshing state... [id={name}]", flush=True)
        if found(address.partition(".")[0], name):
            there.add(address)
    missing = [address for address in _declared(folder) if address not in there]
    if not missing:
        print("\nNo changes. Your infrastructure matches the configuration.")
        return 0
    print("\nTerraform will perform the following actions:\n")
    for address in missing:
        print(f"  # {address} will be created")
    print(f"\nPlan: {len(missing)} to add, 0 to change, 0 to destroy.")
    return 0


def _apply(folder: Path, argv: list[str]) -> int:
    if "-destroy" in argv or "--destroy" in argv:
        return _destroy(folder, argv)
    missing = [address for address in _declared(folder) if address not in _known(folder)]
    if missing:
        print(f"\nError: creating {missing[0]}: the demo's terraform makes nothing new", file=sys.stderr)
        return 1
    print("\nApply complete! Resources: 0 added, 0 changed, 0 destroyed.")
    return 0


def _destroy(folder: Path, argv: list[str]) -> int:
    known = _known(folder)
    if not known:
        print("\nNo changes. No objects need to be destroyed.\n\nDestroy complete! Resources: 0 destroyed.")
        return 0
    count = len(known)
    print(f"Plan: 0 to add, 0 to change, {count} to destroy.\n")
    if "-auto-approve" not in argv and "--auto-approve" not in argv:
        print("Do you really want to destroy all resources?\n  Only 'yes' will be accepted to approve.\n")
        print("  Enter a value: ", end="", flush=True)
        if sys.stdin.readline().strip() != "yes":
            print("\nDestroy cancelled.")
            return 1
    account()
    for address, name in list(known.items()):
        kind = address.partition(".")[0]
        if handle := found(kind, name):
            print(f"{address}: Destroying... [id={name}]", flush=True)
            destroy(kind, name, handle)
            print(f"{address}: Destruction complete after 1s", flush=True)
        del known[address]
        _keep(folder, known)
    print(f"\nDestroy complete! Resources: {count} destroyed.")
    return 0


def _state(folder: Path, argv: list[str]) -> int:
    known = _known(folder)
    if "list" not in argv:
        print("Usage: terraform state list")
        return 127
    if not known:
        print("No state file was found!", file=sys.stderr)
        return 1
    print("\n".join(known))
    return 0


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _declared(folder: Path) -> list[str]:
    """Addresses of the resources in the folder's `.tf` files."""
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.tf"))]
    return [f"{kind}.{name}" for text in texts for kind, name in _RESOURCE.findall(text)]


def _known(folder: Path) -> dict[str, str]:
    """Address → id of what the state file says is there; empty without one. Raises `Refused` for a broken one."""
    try:
        state: Any = json.loads((folder / STATE).read_text("utf-8"))
        return {f"{item['type']}.{item['name']}": str(item["id"]) for item in state["resources"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"the state file cannot be read: {error}") from error


def _keep(folder: Path, known: dict[str, str]) -> None:
    (folder / STATE).write_text(state_text(known), "utf-8")


def state_text(known: dict[str, str]) -> str:
    """A state file that knows these resources (address → id)."""
    listed = [{"type": a.partition(".")[0], "name": a.partition(".")[2], "id": known[a]} for a in known]
    return json.dumps({"version": 4, "lineage": "example-shop-production", "resources": listed}, indent=1) + "\n"
