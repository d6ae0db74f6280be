"""Starts the rig's process and asks it what it was asked."""

from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from glacier.config import AwsConfig
from tests.rigs.aws.multipart import AGE_PATH
from tests.rigs.process import RigProcess, without

ACCOUNT = "123456789012"
ACCESS_KEY = "AKIDGLACIERTEST"
SECRET_KEY = "wJalrGlacierTestSecret0123456789abcdefgh"
REGION = "us-east-1"


class AwsServer(RigProcess):
    """One AWS for a test run; its endpoint is that of every service.

    Args:
        directory: Where its log lies.
    """

    def __init__(self, directory: Path) -> None:
        environment = {**without("AWS_"), "MOTO_S3_DEFAULT_MAX_KEYS": "1000"}
        super().__init__("tests.rigs.aws.app", directory / "aws.log", environment)

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

    def age_uploads(self, hours: float) -> None:
        """Have all multipart uploads that are under way begun so much earlier."""
        with urlopen(f"{self.endpoint}{AGE_PATH}?hours={hours}"):
            pass
