"""What is said where a cloud's packages are not installed."""

import subprocess
import sys
from collections.abc import Collection
from typing import ClassVar

import pytest

_PROGRAM = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in {missing!r}):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())

from glacier import Provider
from glacier.errors import MissingPackageError

try:
    from glacier import config as configs
    provider = Provider(config=configs.{config})
    bucket = provider.bucket("lake", "rows.parquet")
    {work}
except MissingPackageError as error:
    print(error)
"""


class MissingPackages:
    """What holds on every cloud.

    A subclass says what differs, and binds `missing_of_sdk`: some of the SDK's packages, the rest
    of which may be there.

    Attributes:
        cloud: The extra of `glacier-core` that installs the cloud's packages.
        config: A config, as an expression on `glacier.config`.
        uri: The bucket's address.
        files: What opens files, of which the first is named.
        store: What a user calls the store.
    """

    cloud: ClassVar[str]
    config: ClassVar[str]
    uri: ClassVar[str]
    files: ClassVar[tuple[str, ...]]
    store: ClassVar[str]

    def said(self, missing: Collection[str], work: str) -> str:
        """Return what a program prints that can't import some packages."""
        program = _PROGRAM.format(missing=set(missing), config=self.config, work=work)
        ran = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        assert ran.stderr == ""
        return ran.stdout

    @pytest.mark.parametrize("work", ["bucket.exists()", "bucket.get_uri()", "bucket.read()"])
    def test_missing_sdk_says_what_to_install(
        self, missing_of_sdk: frozenset[str], work: str
    ) -> None:
        text = self.said(missing_of_sdk, work)

        assert f'not installed. Run: pip install "glacier-core[{self.cloud}]"' in text

    @pytest.mark.parametrize("work", ["bucket.filesystem", "bucket.open()"])
    def test_missing_filesystem_says_what_to_install(self, work: str) -> None:
        expected = (
            f"Files on {self.store} need {self.files[0]}, which is not installed. "
            f'Run: pip install "glacier-core[{self.cloud}]"\n'
        )

        assert self.said(self.files, work) == expected
        assert self.said(self.files[:1], work) == expected

    def test_core_alone_says_what_to_install(self) -> None:
        text = self.said([f"glacier_{self.cloud}"], "bucket.exists()")

        assert f'pip install "glacier-core[{self.cloud}]"' in text

    def test_buckets_need_no_filesystem_to_be_named(self) -> None:
        assert self.said(self.files, "print(bucket.get_uri())") == f"{self.uri}\n"
