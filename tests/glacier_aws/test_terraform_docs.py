"""The commands of pages on Terraform, as far as they need no account."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, block_that_starts
from tests.rigs.terraform import Terraform

ONLINE = ("terraform -chdir=infra plan", "terraform -chdir=infra apply")


@pytest.mark.parametrize("page", ["terraform.md", "how-to/apply-terraform.md"])
def test_commands_of_a_page_work(page: str, terraform_aws: Terraform, tmp_path: Path) -> None:
    source = block_that_starts(ROOT / "docs" / page, "python", "# sales.py")
    (tmp_path / "sales.py").write_text(source, encoding="utf-8")
    commands = block_that_starts(ROOT / "docs" / page, "sh", "glacier terraform").splitlines()
    offline = [*(one for one in commands if one not in ONLINE), "terraform -chdir=infra validate"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    ran = subprocess.run(
        ["bash", "-e", "-c", "\n".join(offline)],
        cwd=tmp_path,
        env={**terraform_aws.environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert commands[-1] in ONLINE
    assert ran.stdout.startswith("infra/main.tf.json\ninfra/glue/launcher-")
    assert "note:" not in ran.stderr
