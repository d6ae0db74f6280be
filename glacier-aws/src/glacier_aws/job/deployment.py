"""The Glue job of an executor, with its role and its script: made, and kept as it should be."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from glacier.access import declared_access
from glacier.drift import Difference, differences, missing, variables
from glacier.known_secrets import check_no_secret
from glacier.overrides import overridden
from glacier.resources.translation import translated
from glacier_aws.errors import code_of
from glacier_aws.iam import ensure_role, partition_of
from glacier_aws.job.definition import (
    ACCESS_NOTE,
    SERVICE,
    job_definition,
    launcher_path,
    launcher_source,
    named_role,
    role_name,
    role_statements,
)
from glacier_aws.job.errors import FAILURES, is_about_role
from glacier_aws.session import session_of

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

    from glacier.provider import Provider
    from glacier.resources import Bucket
    from glacier_aws.config import AwsConfig, GlueConfig
    from glacier_aws.session import AwsSession

_ARGUMENTS = {"DefaultArguments", "NonOverridableArguments"}
"""Settings in which somebody may have put a secret."""

_OF_OTHERS = {
    *("Description", "LogUri", "MaintenanceWindow", "NonOverridableArguments"),
    *("NotificationProperty", "SecurityConfiguration", "SourceControlDetails"),
}
"""Settings that only overrides make, and that stay where somebody else has made them."""

_PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 2.0


class GlueJob:
    """The one Glue job whose runs are an executor's jobs.

    Args:
        name: The executor's name, which is the job's.
        config: The executor's config.
        provider: Its provider.
    """

    def __init__(self, name: str, config: "GlueConfig", provider: "Provider") -> None:
        self._name = name
        self._config = config
        self._provider = provider
        self._rights = ""
        self._role_arn = ""
        self._lock = threading.Lock()

    def ensure(self, staging: "Bucket", *, tags_too: bool = False) -> dict[str, Any]:
        """Create the job, or update it where it differs, and return it as it is then.

        Args:
            staging: The provider's staging, where the launcher lies.
            tags_too: Whether to update it in any case, with its tags and its launcher.

        Raises:
            ClientError: Glue or IAM refuses.
            PackageError: A secret is among the job's settings or tags.
            StorageError: Staging can't be written.
        """
        settings = json.dumps([self._config.model_dump(), self._provider.tags], default=str)
        check_no_secret(f"The settings of the Glue job {self._name!r}", settings.encode())
        with self._lock:  # several jobs of a run are submitted at a time
            wanted = self._wanted(staging, named_role(self._config) or self._own_role(staging))
            tags = overridden(self._provider.tags, wanted.pop("Tags", {}))
            found = self._found()
            if tags_too or found is None or not _is_as(found, wanted):
                put_object(staging, launcher_path(), launcher_source())
                self._make(wanted, tags, found)
            return wanted

    def drift(self, staging: "Bucket") -> Iterator[Difference]:
        """Yield where the job differs from its definition; what its own role may do does not count.

        Raises:
            ClientError: Glue refuses to tell.
        """
        thing = f"Glue job {self._name!r}"
        found = self._found()
        if found is None:
            yield missing(thing)
            return
        wanted = self._wanted(staging, named_role(self._config) or self._own_role_in(found))
        tags = overridden(self._provider.tags, wanted.pop("Tags", {}))
        for name, value in wanted.items():
            if _is_as(found, {name: value}):
                continue
            if name in _ARGUMENTS:
                yield from variables(thing, name, value, found.get(name) or {})
            else:
                yield Difference(thing, name, value, found.get(name))
        present = self._glue.get_tags(ResourceArn=self._arn).get("Tags", {})
        yield from differences(thing, {"tags": tags}, {"tags": present})

    def _wanted(self, staging: "Bucket", role_arn: str) -> dict[str, Any]:
        return job_definition(
            self._name,
            self._config,
            role_arn=role_arn,
            script_uri=f"{staging.get_uri()}{launcher_path()}",
        )

    @property
    def _session(self) -> "AwsSession":
        return session_of(cast("AwsConfig", self._provider.config))

    @property
    def _glue(self) -> "GlueClient":
        return cast("GlueClient", self._session.client("glue"))

    @property
    def _arn(self) -> str:
        region = self._session.config.region
        account = self._session.account_id
        return f"arn:{partition_of(region)}:glue:{region}:{account}:job/{self._name}"

    def _own_role(self, staging: "Bucket") -> str:
        """Return the role of an executor whose config names none, with the rights it needs now."""
        session = self._session
        region = session.config.region
        statements = role_statements(
            self._name,
            self._config,
            access=declared_access(self._provider, ACCESS_NOTE),
            staging=staging,
            region=region,
            account_id=session.account_id,
        )
        rights = json.dumps(statements)
        if rights != self._rights:
            name, tags = role_name(self._name, region), self._provider.tags
            self._role_arn = ensure_role(session, name, SERVICE, statements, tags)
            self._rights = rights
        return self._role_arn

    def _own_role_in(self, found: Mapping[str, Any]) -> str:
        """Return the role that a job has, if it is its own; else the own one's name."""
        own, present = role_name(self._name, self._session.config.region), str(found["Role"])
        return present if present.rpartition("/")[2] == own else own

    def _found(self) -> Mapping[str, Any] | None:
        try:
            return cast("Mapping[str, Any]", self._glue.get_job(JobName=self._name)["Job"])
        except self._glue.exceptions.EntityNotFoundException:
            return None

    def _make(
        self,
        wanted: Mapping[str, Any],
        tags: Mapping[str, str],
        found: Mapping[str, Any] | None,
    ) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self._create_or_update(wanted, tags, found)
            except FAILURES as error:
                # A role that was made just now is known to Glue some seconds later.
                is_new_role = named_role(self._config) is None and is_about_role(error)
                is_busy = code_of(error) == "ConcurrentModificationException"
                if not (is_new_role or is_busy) or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def _create_or_update(
        self,
        wanted: Mapping[str, Any],
        tags: Mapping[str, str],
        found: Mapping[str, Any] | None,
    ) -> None:
        glue = self._glue
        if found is None:
            try:
                glue.create_job(**wanted, Tags=tags)
            except glue.exceptions.AlreadyExistsException:
                pass  # by another process, just now
            else:
                return
        # What a request leaves out goes.
        kept = {key: value for key, value in (found or {}).items() if key in _OF_OTHERS}
        fields = {**kept, **{key: value for key, value in wanted.items() if key != "Name"}}
        glue.update_job(JobName=self._name, JobUpdate=cast("Any", fields))
        if tags:
            glue.tag_resource(ResourceArn=self._arn, TagsToAdd=tags)


def put_object(staging: "Bucket", path: str, content: bytes) -> None:
    """Write an object below the provider's staging.

    Raises:
        StorageError: The store refuses.
    """
    with translated(staging):
        location = staging.adapter.location()
        staging.filesystem.pipe_file(f"{location.path}{path}", content)


def _is_as(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    if not wanted.get("Connections") and (found.get("Connections") or {}).get("Connections"):
        return False
    # Terraform's provider leaves out a number of retries that is 0.
    return all((found.get(key) or 0) == (value or 0) for key, value in wanted.items())
