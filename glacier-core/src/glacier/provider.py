"""The provider: makes resources for the platform that its config names."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from glacier.config.base import ProviderConfig
from glacier.errors import ConfigMismatchError, PathError
from glacier.resources.base import ConfigArgument, Resource
from glacier.resources.bucket import Bucket
from glacier.resources.executor import Executor
from glacier.resources.serverless import Handler, HasHandler, Serverless
from glacier.storage import checked_bucket_name, checked_path

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import SchemaDict

    from glacier.adapters import Adapter
    from glacier.deployment import Deployment
    from glacier.drift import Difference
    from glacier.pipeline import Pipeline
    from glacier.registry import AdapterSpec
    from glacier.terraform.document import Document

ResourceT = TypeVar("ResourceT", bound=Resource)


class Provider:
    """One platform, and the resources that a program uses on it.

    Args:
        config: Which platform, and where on it.
        tags: Labels for every resource that is deployed.
        staging: Bucket name, with a prefix after a `/`, through which jobs and their data
            travel; on this machine a directory under the base path where None.

    Raises:
        ConfigMismatchError: `config` is not a provider's config, `staging` no text, or `tags` no
            mapping of text to text.
        PathError: `staging` names no legal bucket and prefix.
    """

    def __init__(
        self,
        config: ProviderConfig,
        tags: Mapping[str, str] | None = None,
        *,
        staging: str | None = None,
    ) -> None:
        if not isinstance(config, ProviderConfig):
            raise ConfigMismatchError(
                f"Provider(config=...) takes a platform's config, such as LocalConfig(...) or "
                f"AwsConfig(...); got {_described(config)}. "
                "A resource's config belongs to provider.bucket(...), serverless or executor."
            )
        self.config = config
        self.tags = _checked_tags({} if tags is None else tags)
        self.staging = _checked_staging(staging)
        self._resources: list[Resource] = []

    def bucket(
        self,
        bucket_name: str,
        path: str | PurePath = "",
        format: str | None = None,
        config: ConfigArgument = None,
        name: str | None = None,
        *,
        schema: "SchemaDict | pl.Schema | None" = None,
    ) -> Bucket:
        """Return a bucket: one place for data.

        Args:
            bucket_name: The bucket or container.
            path: A file; with a trailing `/` or a glob a dataset of many files. A `PurePath`
                keeps no trailing `/`, so it names a file.
            format: `parquet`, `csv`, `ndjson`, `ipc`, `delta`, `iceberg` or a plugin's; by
                the path's suffix where None, and Parquet where there is no suffix. A file of an
                unknown suffix can be opened, listed and deleted, but not scanned or written.
            config: One config for it, or a list with one for each platform.
            name: What it is called in plans and generated infrastructure.
            schema: Its columns and types. A scan then asks the store for nothing, and a write
                that differs is an error.

        Raises:
            PathError: The name or the path is not legal.
            FormatError: `format` names no format.
            ConfigError: `schema` is no mapping of column names to Polars types.
            ConfigMismatchError: A lone config that this platform doesn't accept.
        """
        return self._track(Bucket(bucket_name, path, format, self, config, name, schema=schema))

    def serverless(
        self,
        function_name: str,
        handler: "Handler | HasHandler | str",
        runtime: str = "python3.11",
        config: ConfigArgument = None,
        name: str | None = None,
    ) -> Serverless:
        """Return a serverless function.

        Args:
            function_name: Its name on the platform.
            handler: A callable from a JSON object to a JSON object, `module:function`, or a
                pipeline, which runs with the payload as its arguments and returns its summary.
            runtime: The language runtime.
            config: One config for it, or a list with one for each platform.
            name: What it is called in plans and generated infrastructure.

        Raises:
            ConfigMismatchError: A lone config that this platform doesn't accept.
        """
        return self._track(Serverless(function_name, handler, runtime, self, config, name))

    def executor(
        self, name: str, config: ConfigArgument = None, runtime: str | None = None
    ) -> Executor:
        """Return an executor, on the platform that its own config names.

        Args:
            name: The name of the cluster, job or pool.
            config: The executor's config; subprocesses of this machine where None.
            runtime: The runtime to ask for.

        Raises:
            NoAdapterError: No installed plugin runs jobs under that config.
        """
        return self._track(Executor(name, self, config, runtime))

    def resource(
        self, kind: type[ResourceT], *args: Any, **kwargs: Any
    ) -> ResourceT:  # Any: its own
        """Return a resource of a type that a plugin defines.

        Args:
            kind: The resource class; it is given this provider as `provider=`.
            *args: The class's own arguments.
            **kwargs: The class's own keyword arguments.
        """
        make: Callable[..., ResourceT] = kind
        return self._track(make(*args, provider=self, **kwargs))

    def get_resources(self) -> list[Resource]:
        """Return all resources that this provider has made, in order."""
        return self._resources.copy()

    def get_adapter(self, resource: Resource) -> "Adapter[Any]":
        """Return a new adapter for a resource.

        Raises:
            NoAdapterError: No installed plugin serves the pair of resource and config types.
            PluginConflictError: Two plugins do.
        """
        from glacier.registry import load_adapter

        return load_adapter(self.spec_for(resource))(resource, self)

    def spec_for(self, resource: Resource) -> "AdapterSpec":
        """Return what is registered for a resource under the config that decides."""
        from glacier.plugins import load_plugins

        return load_plugins().registry.find(type(resource), type(resource.dispatch_config()))

    def deploy(self) -> "Deployment":
        """Deploy all resources that this provider has made, each where it differs; idempotent.

        Buckets come first: functions and jobs get rights on them, and travel through one. A bucket
        becomes what configs say of it, and what none says goes back to its default.

        Returns:
            What has changed; printed, it is a table. What roles may do is not told.

        Raises:
            ContradictionError: Two resources say different things of one thing; it names both.
            GlacierError: The platform refuses. What came before it stays deployed; a note of the
                error (`__notes__`) has the table of that.
        """
        from glacier.deployment import deploy_all

        return deploy_all(self)

    def drift(self) -> "tuple[Difference, ...]":
        """Return where what is on the platform differs from what `deploy()` makes it.

        It asks, and changes nothing.

        Raises:
            ContradictionError: Two resources say different things of one thing; it names both.
            GlacierError: The platform refuses to tell.
        """
        from glacier.deployment import drift_of

        return drift_of(self)

    def terraform(
        self,
        pipelines: "Iterable[Pipeline[..., Any]]" = (),  # Any: their results
    ) -> "Document":
        """Return the Terraform configuration of all resources that this provider has made.

        Args:
            pipelines: Pipelines that need no argument. They are checked, as by
                `Pipeline.check()`, and the roles of executors then allow what their tasks touch;
                without them, reading and writing on all declared buckets.

        Raises:
            ContradictionError: Two resources say different things of one thing; it names both.
            TerraformError: They can't become one document, or a secret would stand in it.
        """
        from glacier.terraform.collect import collected

        return collected(self, pipelines=pipelines)

    def write_terraform(
        self,
        directory: str | os.PathLike[str],
        pipelines: "Iterable[Pipeline[..., Any]]" = (),  # Any: as above
    ) -> list[Path]:
        """Write the Terraform configuration to a directory, with the code of functions.

        Args:
            directory: Where to; made where it is missing. Files of other names stay.
            pipelines: As in `terraform`.

        Returns:
            The files that were written: `main.tf.json`, then those beside it.

        Raises:
            ContradictionError: As in `terraform`.
            TerraformError: As in `terraform`.
            PathError: The directory can't be written to.
        """
        return self.terraform(pipelines).write(directory)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Provider":
        """Return a provider for the platform that environment variables describe.

        `AWS_REGION` comes first, then `AZURE_RESOURCE_GROUP`, then `GOOGLE_CLOUD_PROJECT` or
        `GCP_PROJECT`, then what other plugins recognise; without any of them it is this machine.

        Args:
            environ: The variables to read; `os.environ` where None.

        Raises:
            MissingPackageError: The platform's package isn't installed.
            PluginConflictError: Two plugins claim the environment.
        """
        from glacier.config import from_environment

        return cls(config=from_environment(os.environ if environ is None else environ))

    def _track(self, resource: ResourceT) -> ResourceT:
        self._resources.append(resource)
        return resource

    def __repr__(self) -> str:
        return f"Provider({self.config!r})"

    def _repr_html_(self) -> str:
        """Return a card for notebooks, with what the config's own repr says of what was set."""
        from glacier.notebook import card

        told, fields = self.config.without_secrets(), type(self.config).model_fields
        facts = [
            (name, str(getattr(told, name)))
            for name, field in fields.items()
            if name in told.model_fields_set and field.repr
        ]
        facts += [("staging", self.staging)] if self.staging else []
        facts.append(("resources", str(len(self._resources))))
        facts += [(f"tag {name}", value) for name, value in self.tags.items()]
        return card("Provider", type(self.config).__name__, facts)

    def __getstate__(self) -> dict[str, object]:
        return {
            "config": self.config,
            "tags": self.tags,
            "staging": self.staging,
            "_resources": [],
        }


def _checked_tags(tags: object) -> dict[str, str]:
    expected = "tags= takes a mapping of text to text, such as {'team': 'sales'}"
    if not isinstance(tags, Mapping):
        raise ConfigMismatchError(f"{expected}; got {type(tags).__name__}.")
    for key, value in tags.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise ConfigMismatchError(f"{expected}; got {key!r}: {value!r}. Write both as text.")
    return dict(tags)


def _checked_staging(staging: str | None) -> str | None:
    if staging is None:
        return None
    if not isinstance(staging, str):
        raise ConfigMismatchError(
            "staging= takes the name of a bucket, with a prefix after a '/' if wanted, such as "
            f"'my-bucket/glacier'; got {type(staging).__name__}."
        )
    if "://" in staging:
        raise PathError(
            f"staging={staging!r} is a URI; expected the bucket's name and the prefix alone: "
            f"{staging.partition('://')[2]!r}.",
            path=staging,
        )
    bucket_name, _, prefix = staging.partition("/")
    checked_bucket_name(bucket_name)
    checked_path(prefix)
    return staging


def _described(given: object) -> str:
    """Return what was given in the place of a config, and for its class how to make one."""
    if not isinstance(given, type):
        return type(given).__name__
    name = given.__name__
    if not issubclass(given, ProviderConfig):
        return f"the class {name}"
    is_bare = not any(field.is_required() for field in given.model_fields.values())
    return f"the class {name}; make one: {name}({'' if is_bare else '...'})"
