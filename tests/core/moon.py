"""A platform of a third party, as an installed distribution, and programs that use it."""

from pathlib import Path

from tests.core.distributions import run_python, write_distribution

MOON = """
    from glacier import Bucket, Executor, Resource
    from glacier.adapters import Adapter
    from glacier.config import ProviderConfig, ResourceConfig
    from glacier.hookspecs import hookimpl
    from glacier.registry import AdapterSpec

    class MoonConfig(ProviderConfig):
        @classmethod
        def from_env(cls, environ=None):
            return cls()

    class CraterConfig(ResourceConfig):
        depth: int = 1

    class RoverConfig(ResourceConfig):
        wheels: int = 6

    class Mirror(Resource):
        def __init__(self, size, provider=None, config=None):
            self.size = size
            super().__init__(provider, config)

        def _generate_name(self):
            return f"mirror_{self.size}"

    class AnyAdapter(Adapter):
        pass

    @hookimpl
    def glacier_register_adapters():
        return [
            AdapterSpec(Bucket, MoonConfig, "glacier_moon:AnyAdapter", accepts=(CraterConfig,)),
            AdapterSpec(Mirror, MoonConfig, "glacier_moon:AnyAdapter"),
            AdapterSpec(
                Executor, RoverConfig, "glacier_moon:AnyAdapter", providers=(MoonConfig,)
            ),
        ]

    @hookimpl
    def glacier_config_from_env(environ):
        return MoonConfig() if environ.get("MOON_PHASE") else None
"""


def on_the_moon(tmp_path: Path, source: str, **environment: str) -> str:
    """Return what a program prints where a plugin with a platform of its own is installed.

    Begins with the error's line where it raised.
    """
    write_distribution(tmp_path, "glacier-moon", MOON, entry="moon")
    preamble = (
        "from glacier import *\nfrom glacier.config import LocalConfig\n"
        "from glacier_moon import *\n"
    )
    ran = run_python(preamble + source, tmp_path, **environment)
    return ran.stdout or ran.stderr.splitlines()[-1]
