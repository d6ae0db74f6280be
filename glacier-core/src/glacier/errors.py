"""Every error that Glacier raises on purpose, as one tree.

Each class also inherits the nearest builtin, so `except FileNotFoundError` keeps working in
code that does not know Glacier.

    GlacierError
    ├── ConfigError (ValueError)                what the user configured can't be used
    │   ├── ConfigMismatchError (TypeError)     a config of another platform or of another kind
    │   ├── MissingPackageError (ImportError)   a distribution or extra that isn't installed
    │   ├── ContradictionError                  two configs say different things of one thing
    │   └── UnboundResourceError                a resource made without a provider
    ├── PluginError (RuntimeError)              an installed plugin is at fault
    │   ├── NoAdapterError (LookupError)        nothing is registered for this pair
    │   ├── PluginConflictError                 two plugins claim the same thing
    │   └── HookError                           a plugin implements a hook that does not exist
    ├── StorageError (OSError)                  a store said no
    │   ├── ObjectNotFoundError (FileNotFoundError)
    │   │   └── EmptyDatasetError               the dataset is there and holds no file
    │   ├── ObjectExistsError (FileExistsError)
    │   ├── AccessDeniedError (PermissionError)
    │   ├── PathError (ValueError)              a name that is illegal or leaves its bucket
    │   ├── FormatError (ValueError)            unknown format, or bytes that are not of it
    │   ├── SchemaMismatchError (ValueError)    rows that differ from the declared schema
    │   └── WriteError                          a write failed; the target is untouched
    ├── PipelineError (RuntimeError)            a pipeline can't be built, or its run failed
    │   ├── RunError                            a run failed; `run` says how far it got
    │   ├── HandleError (TypeError)             a handle was used as if it were data
    │   ├── DependencyError (ValueError)        unknown, late or circular `depends_on`
    │   ├── ParameterError (TypeError)          arguments do not fit the pipeline's signature
    │   ├── DecorationError (TypeError)         what was decorated can't be a task or a pipeline
    │   ├── StaleScanError                      a frame would have been read after its data changed
    │   ├── CheckRefusedError                   a side effect that `check()` does not allow
    │   └── TaskError                           one task failed; `culprit` is the one to blame
    │       └── TaskTimeoutError (TimeoutError)
    ├── FunctionError (RuntimeError)            a serverless function failed or can't be called
    │   └── PayloadError (TypeError)            what crosses the border is not JSON
    ├── JobError (RuntimeError)                 a job can't be submitted or failed
    │   ├── JobNotFoundError (LookupError)
    │   ├── JobConnectionError (ConnectionError)
    │   ├── JobTimeoutError (TimeoutError)
    │   ├── JobDiedError                        a job ended and left no result
    │   ├── PackageError                        a job can't be packed for its journey
    │   └── RemoteError                         what was raised over there, with its traceback
    └── TerraformError (ValueError)             configs that can't become one document
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier.engine.result import Run


class GlacierError(Exception):
    """Any error that Glacier raises on purpose.

    Args:
        message: What failed, what was expected, and what to do.
        **facts: The values in the message, kept as attributes for programs.
    """

    def __init__(self, message: str = "", **facts: object) -> None:
        super().__init__(message)
        self.__dict__.update(facts)


class ConfigError(GlacierError, ValueError):
    """What the user configured can't be used."""


class ConfigMismatchError(ConfigError, TypeError):
    """A config of another platform, or of another kind, than the place it was given to."""


class MissingPackageError(ConfigError, ImportError):
    """A distribution or an extra that isn't installed; the message has the pip command."""


class ContradictionError(ConfigError):
    """Two resources set a field of the same thing, such as a bucket, to different values."""


class UnboundResourceError(ConfigError):
    """A resource was constructed directly, without a provider."""


class PluginError(GlacierError, RuntimeError):
    """An installed plugin is at fault."""


class NoAdapterError(PluginError, LookupError):
    """No installed plugin registers an adapter for a resource type and config type."""


class PluginConflictError(PluginError):
    """Two plugins claim the same adapter pair, config name, format or environment."""


class HookError(PluginError):
    """A plugin implements a hook that does not exist, or with the wrong arguments."""


class StorageError(GlacierError, OSError):
    """A store refused or failed an operation."""


class ObjectNotFoundError(StorageError, FileNotFoundError):
    """The store says that the object, dataset or bucket is not there."""


class EmptyDatasetError(ObjectNotFoundError):
    """A dataset or glob that holds no file, so that it has no schema either."""


class ObjectExistsError(StorageError, FileExistsError):
    """`mode="error"` found data at the target."""


class AccessDeniedError(StorageError, PermissionError):
    """The store knows who asked and refuses."""


class PathError(StorageError, ValueError):
    """A bucket name or a path that is not legal, or that would leave its bucket."""


class FormatError(StorageError, ValueError):
    """An unknown format, or bytes that are not of the bucket's format."""


class SchemaMismatchError(StorageError, ValueError):
    """The rows to be written differ from the schema that the bucket declares."""


class WriteError(StorageError):
    """A write failed; its target still holds what it held before."""


class PipelineError(GlacierError, RuntimeError):
    """A pipeline can't be built, or its run failed."""


class RunError(PipelineError):
    """A run failed; everything that did not depend on the failure is done and committed.

    Attributes:
        run: The failed run, with the error of every task.
    """

    run: "Run"


class HandleError(PipelineError, TypeError):
    """A task's handle was used as data while the pipeline was being built."""


class DependencyError(PipelineError, ValueError):
    """`depends_on` names a task that is never called, called too late, or part of a cycle."""


class ParameterError(PipelineError, TypeError):
    """The arguments of `run`, `check`, `plan` or `graph` do not fit the pipeline's signature."""


class DecorationError(PipelineError, TypeError):
    """`@task` or `@pipeline` was applied to something it can't take, or with wrong options."""


class StaleScanError(PipelineError):
    """A running task still holds a frame of data that was about to be replaced."""


class CheckRefusedError(PipelineError):
    """A task tried to change something while `check()` was looking."""


class TaskError(PipelineError):
    """One task of a run failed.

    Attributes:
        task: The name of the call that failed.
        culprit: The name of the call whose body or frame is to blame; mostly the same.
    """

    task: str
    culprit: str


class TaskTimeoutError(TaskError, TimeoutError):
    """A task, or the execution of its writes, passed `timeout_seconds`."""


class FunctionError(GlacierError, RuntimeError):
    """A serverless function failed, or can't be packaged, deployed or called."""


class PayloadError(FunctionError, TypeError):
    """A payload or an answer is not a JSON object."""


class JobError(GlacierError, RuntimeError):
    """A job can't be submitted, or failed."""


class JobNotFoundError(JobError, LookupError):
    """The executor knows no job of that id."""


class JobConnectionError(JobError, ConnectionError):
    """The executor's platform does not answer; what is asked may have been done."""


class JobTimeoutError(JobError, TimeoutError):
    """A job did not end in the time that `wait` was given; it goes on."""


class JobDiedError(JobError):
    """A job ended without a result: its process was killed, or left by itself."""


class PackageError(JobError):
    """What a job needs can't travel: it can't be pickled, has no rule, or holds a secret."""


class RemoteError(JobError):
    """What a job raised in its own process, as text.

    Attributes:
        remote_type: The qualified name of the exception's class.
        remote_traceback: Its traceback over there, with those of its causes.
    """

    remote_type: str
    remote_traceback: str


class TerraformError(GlacierError, ValueError):
    """Configs that can't become one Terraform document."""
