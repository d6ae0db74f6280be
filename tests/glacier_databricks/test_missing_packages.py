"""What is said where the SDK is not installed."""

import subprocess
import sys

PROGRAM = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "databricks":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())

from glacier import Provider
from glacier.config import AwsConfig, DatabricksConfig
from glacier.errors import MissingPackageError

provider = Provider(config=AwsConfig(region="us-east-1"))
executor = provider.executor("etl", config=DatabricksConfig())
try:
    executor.get_job_status("1")
except MissingPackageError as error:
    print(error)
"""


def test_missing_sdk_says_what_to_install() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )

    assert ran.stderr == ""
    assert 'is not installed. Run: pip install "glacier-core[databricks]"' in ran.stdout
