"""Writes the tables: `python -m tables.aws_actions [IAM-DATA]`."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

from tables import overlay
from tables.aws_actions import FORMAT, IAM_DATA, IAM_DATA_VERSION, OUT
from tables.aws_actions.iam import Iam, iam_line
from tables.aws_actions.operations import service_line


def compiled(iam: Iam) -> bytes:
    """The whole file."""
    loader = Loader()
    body: list[bytes] = []
    places: dict[str, dict[str, list[int]]] = {"iam": {}, "api": {}}
    offset = 0

    def add(kind: str, name: str, line: Mapping[str, Any]) -> None:
        nonlocal offset
        text = json.dumps(line, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
        places[kind][name] = [offset, len(text) - 1]
        body.append(text)
        offset += len(text)

    services = loader.list_available_services("service-2")
    vendors = overlay.read("vendors.yaml")
    for name in {*overlay.services(), *overlay.notes(), *vendors}.difference(services):
        raise ValueError(f"overlay: botocore has no service {name}")
    for prefix in iam.prefixes():
        add("iam", prefix, iam_line(iam, prefix))
    for name in services:
        add("api", name, service_line(iam, name, loader.load_service_model(name, "service-2")))
    head = {
        "format": FORMAT,
        "sources": {IAM_DATA: iam.version(), "botocore": botocore.__version__},
        "vendors": {service: sorted(names) for service, names in sorted(vendors.items())},
        "global": sorted([*overlay.read("global.yaml")["services"], *overlay.read("global.yaml")["prefixes"]]),
        **places,
    }
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(body)


def fetched(folder: Path) -> Path:
    """The pinned iam-data, fetched with npm and unpacked below the folder."""
    wanted = f"{IAM_DATA}@{IAM_DATA_VERSION}"
    done = subprocess.run(["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True, text=True)
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def main(arguments: list[str]) -> int:
    """Write the file; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(arguments[0]) if arguments else fetched(Path(folder))
        iam = Iam(source)
        if iam.version() != IAM_DATA_VERSION:
            print(f"{source}: version {iam.version()}, and {IAM_DATA_VERSION} is pinned", file=sys.stderr)
            return 1
        OUT.write_bytes(compiled(iam))
    print(f"{OUT.name}: {OUT.stat().st_size:,} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
