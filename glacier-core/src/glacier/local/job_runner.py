"""What a job's process runs: `python -P job_runner.py DIRECTORY SHA256 LOCK_FD`.

It is started by its path and imports the standard library alone, so that a job that is a plain
script pays for nothing else. Nothing is unpickled before its digest was checked: the command
line holds the header's, the header the payload's.
"""

import hashlib
import json
import os
import pickle
import runpy
import sys
import traceback
from pathlib import Path

HEADER = "job.json"
PAYLOAD = "payload.pickle"
STATUS = "status"


def main(directory: Path, header_sha256: str, lock: int) -> int:
    """Run the job of a directory, keep its status there, and return the exit code."""
    # The lock's life is how others know that this process lives; its children must not have it.
    os.set_inheritable(lock, False)  # noqa: FBT003 - it takes no keywords
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    write_status(directory, "RUNNING")
    try:
        _run(directory, header_sha256)
    except SystemExit as error:
        succeeded = error.code in {None, 0}
        if not succeeded:
            traceback.print_exc()
    except BaseException:  # noqa: BLE001 - a job may raise anything; its log ends with it
        succeeded = False
        traceback.print_exc()
    else:
        succeeded = True
    sys.stdout.flush()
    write_status(directory, "SUCCEEDED" if succeeded else "FAILED")
    return 0 if succeeded else 1


def write_status(directory: Path, status: str) -> None:
    """Replace the status at once, so that no reader sees half a word."""
    draft = directory / f"{STATUS}.draft"
    draft.write_text(status, encoding="ascii")
    draft.replace(directory / STATUS)


def _run(directory: Path, header_sha256: str) -> None:
    header = json.loads(_checked(directory / HEADER, header_sha256))
    if "script" in header:
        # As `python script.py args` would have it.
        sys.argv = [header["script"], *header["args"]]
        sys.path.insert(0, str(Path(header["script"]).parent))
        runpy.run_path(header["script"], run_name="__main__")
    else:
        payload = _checked(directory / PAYLOAD, header["payload_sha256"])
        sys.path[:] = header["sys_path"]
        pickle.loads(payload)()  # noqa: S301


def _checked(file: Path, sha256: str) -> bytes:
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise RuntimeError(
            f"{file} was changed after the job was submitted: its sha256 is {found} and should "
            f"be {sha256}. The job was not run; submit it again."
        )
    return content


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
