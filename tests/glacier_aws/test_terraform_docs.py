"""The commands of the page on Terraform."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, block_that_starts
from tests.rigs.terraform import Terraform

PAGE = ROOT / "docs" / "terraform.md"


def test_commands_of_the_page_work(terraform_aws: Terraform, tmp_path: Path) -> None:
    (tmp_path / "sales.py").write_text(block_that_starts(PAGE, "python", "# sales.py"))
    commands = block_that_starts(PAGE, "sh", "glacier terraform")
    *offline, apply = commands.splitlines()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    assert apply == "terraform -chdir=infra apply"
    ran = subprocess.run(
        ["bash", "-e", "-c", "\n".join(offline)],
        cwd=tmp_path,
        env={**terraform_aws.environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("infra/main.tf.json\ninfra/glue/launcher-")
    assert "note:" not in ran.stderr
