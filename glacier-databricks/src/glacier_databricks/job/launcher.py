"""What Databricks starts for a run: it runs the script that it carries as plain Python would.

Where a cluster may read is decided by its workspace, so nothing is fetched: each run's file is this
one with the script, its arguments and its variables in it. Nothing of that runs before its digest
was compared with the one among the run's own parameters.
"""

from __future__ import annotations

import base64
import os
import sys

from glacier.jobs.launching import divided, print_at_once, run_in, run_script

SHA256 = "--glacier-sha256"
"""The parameter with the digest of what the file carries."""

TOKEN = "--glacier-token"  # noqa: S105 - the name of a parameter
"""The parameter with the submission's own name, by which people recognise its run."""

CARRIED = ""
"""The run's file with the script in it, in Base64; put here when a job is submitted."""

_OWN = (SHA256, TOKEN)


def main(argv: list[str]) -> None:
    """Run the script that the file carries; what it raises is raised."""
    print_at_once()
    own, _ = divided(argv, _OWN)
    run = run_in(base64.b64decode(CARRIED), "this file", own[SHA256])
    os.environ.update(run["environment"])
    # gcsfs would first ask another API of Google's how a bucket is laid out.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    run_script(run["name"], base64.b64decode(run["source"]), run["args"])


if __name__ == "__main__":
    main(sys.argv[1:])
