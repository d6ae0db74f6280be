"""Starts the rig's process and asks it what it was asked."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from glacier.config import AwsConfig

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "123456789012"
ACCESS_KEY = "AKIDGLACIERTEST"
SECRET_KEY = "wJalrGlacierTestSecret0123456789abcdefgh"
REGION = "us-east-1"


class AwsServer:
    """One AWS for a test run; a context manager.

    Attributes:
        endpoint: Its address, for every service.
    """

    def __init__(self, directory: Path) -> None:
        self._log = (directory / "aws.log").open("wb")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rigs.aws.app"],
            cwd=ROOT,
            env={**environment, "MOTO_S3_DEFAULT_MAX_KEYS": "1000"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the AWS rig did not start; see {self._log.name}"
        self.endpoint = f"http://127.0.0.1:{int(line)}"

    @property
    def environment(self) -> dict[str, str]:
        """The endpoint and test credentials, as the AWS SDKs read them."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def config(self, **fields: object) -> AwsConfig:
        """Return a config that reaches it with keys of its own."""
        keys = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
        return AwsConfig.model_validate(
            {"region": REGION, "endpoint_url": self.endpoint, **keys, **fields}
        )

    def requests(self, *, forget: bool = False) -> list[dict[str, str]]:
        """Return what was asked, in order; afterwards it may be forgotten."""
        request = Request(f"{self.endpoint}/rig/requests", method="DELETE" if forget else "GET")
        with urlopen(request) as answer:
            found: list[dict[str, str]] = json.loads(answer.read())
        return found

    def lock(self, bucket_name: str, access_key: str) -> None:
        """Have a bucket refuse an access key from now on."""
        query = urlencode({"bucket": bucket_name, "access_key": access_key})
        with urlopen(Request(f"{self.endpoint}/rig/locks?{query}", method="POST")):
            pass

    def enforce(self) -> None:
        """Have every request from now on signed by a key that IAM knows, and allowed by it."""
        text = {"Content-Type": "text/plain"}
        with urlopen(Request(f"{self.endpoint}/moto-api/reset-auth", b"0", text, method="POST")):
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
