# not run: `infra` is made up
import infra

from glacier.providers import AWSProvider, LocalProvider


def make(p: "infra.AWSProvider | AWSProvider", q: "infra.LocalProvider"):
    return LocalProvider("data")
