"""All that an executor has to do, whatever platform its jobs run on."""

from glacier.testing.executor_control_cases import ControlCases
from glacier.testing.executor_function_cases import FunctionCases
from glacier.testing.executor_script_cases import ScriptCases


class ExecutorCases(ScriptCases, FunctionCases, ControlCases):
    """The contract of `Executor` over an `ExecutorAdapter`."""
