"""The tutorial, done to the letter: its files written, its commands run, its output compared."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import DIRECTORY, TUTORIAL
from tests.rigs.azure.azurite import PROGRAM, Azurite

BLOCK = re.compile(r"^```(python|sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLS = ("python -m venv", "pip install", "npm install")
END_OF_BLOCK = "\x1e"
CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "GCP_", "GLACIER_LOCAL_PATH")


def blocks() -> Iterator[tuple[str, str]]:
    """Yield what a reader writes and types, and what the page shows of it, but for installing."""
    for kind, content in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        if not content.startswith(INSTALLS):
            yield kind, content


def expected() -> list[str]:
    """Return what the page shows of each block of commands; nothing where it shows nothing."""
    shown: list[str] = []
    for kind, content in blocks():
        if kind == "sh":
            shown.append("")
        elif kind == "text":
            shown[-1] = content
    return shown


def script(connection_string: str) -> str:
    """Return the page's commands as one script, with servers on ports that are free."""
    ports = {"moto_server": free_port(), "npx azurite-blob": free_port()}
    here = {
        "--port 5000": f"--port {ports['moto_server']}",
        "127.0.0.1:5000": f"127.0.0.1:{ports['moto_server']}",
        "npx azurite-blob": f"{PROGRAM} --disableTelemetry --blobPort {ports['npx azurite-blob']}",
        "UseDevelopmentStorage=true": re.sub(
            r"(?<=127\.0\.0\.1:)\d+", str(ports["npx azurite-blob"]), connection_string
        ),
    }
    lines = ["trap 'kill $(jobs -p)' EXIT"]
    for content in (content for kind, content in blocks() if kind == "sh"):
        command = content
        for server, port in ports.items():
            if server in content:
                is_up = f"(: > /dev/tcp/127.0.0.1/{port}) 2> /dev/null"
                command = command.replace(
                    "&\n", f"&\nuntil {is_up} || ! kill -0 $!; do sleep 0.1; done\n", 1
                )
        for there, own in here.items():
            command = command.replace(there, own)
        lines += [command, f"printf '{END_OF_BLOCK}'"]
    return "\n".join(lines)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def alike(text: str) -> list[str]:
    """Return a text's lines without times, and without the order of tasks that ran at once."""
    return sorted(re.sub(r"\d+\.\d+ s\b", "TIME", text).splitlines())


def test_tutorial_shows_what_a_reader_sees(tmp_path: Path, azurite: Azurite) -> None:
    for kind, content in blocks():
        if kind == "python":
            name = content.splitlines()[0].removeprefix("# ")
            (tmp_path / name).write_text(content, encoding="utf-8")
    own = {k: v for k, v in os.environ.items() if not k.startswith(CLOUDS)}
    path = f"{Path(sys.executable).parent}:{own['PATH']}"

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script(azurite.connection_string)],
        cwd=tmp_path,
        env={**own, "PATH": path, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    printed = ran.stdout.replace(str(tmp_path), DIRECTORY).split(END_OF_BLOCK)
    assert ran.returncode == 0, ran.stderr
    for shown, found in zip(expected(), printed, strict=False):
        assert alike(found) == alike(shown)
    assert len(printed) == len(expected()) + 1
