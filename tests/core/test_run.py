"""Running graphs: order, threads, failures, retries, timeouts, observers."""

import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import polars as pl
import pytest

from glacier import Provider, pipeline, task
from glacier.engine import Run, RunStatus, TaskRun, TaskStatus
from glacier.errors import PipelineError, RunError, TaskError, TaskTimeoutError
from glacier.hookspecs import hookimpl
from glacier.plugins import load_plugins


@task
def number(value: int) -> int:
    return value


@task
def boom(*_: Any) -> int:
    raise ValueError("no luck")


def statuses(run: Run) -> dict[str, str]:
    return {name: str(record.status) for name, record in run.tasks.items()}


def test_run_returns_the_result_and_a_record_of_every_task() -> None:
    @pipeline(name="numbers")
    def function(start: int) -> Any:
        return {"values": [number(start), number(start + 1)]}

    run = function.run(start=1)

    assert run.status is RunStatus.SUCCEEDED
    assert run.pipeline == "numbers"
    assert run.result == {"values": [1, 2]}
    assert statuses(run) == {"number": "SUCCEEDED", "number#2": "SUCCEEDED"}
    assert run.duration_seconds > 0
    assert repr(run) == "<Run of 'numbers': SUCCEEDED, 2 succeeded>"


def test_run_carries_a_chain_far_beyond_the_recursion_limit() -> None:
    @pipeline
    def chain() -> Any:
        value = number(7)
        for _ in range(5_000):
            value = number(value)
        return value

    run = chain.run()

    assert run.result == 7


def test_chain_runs_on_the_calling_thread() -> None:
    @task
    def thread_of(_: Any = None) -> int:
        return threading.get_ident()

    @pipeline
    def chain() -> Any:
        first = thread_of()
        return [first, thread_of(first)]

    run = chain.run()

    assert run.result == [threading.get_ident()] * 2


def test_independent_tasks_run_side_by_side() -> None:
    both_are_here = threading.Barrier(2, timeout=30)

    @task
    def meet() -> int:
        return both_are_here.wait()

    @pipeline
    def meeting() -> Any:
        return [meet(), meet()]

    run = meeting.run()

    assert sorted(run.result) == [0, 1]


def test_max_workers_limits_what_runs_side_by_side() -> None:
    running, most, lock = [0], [0], threading.Lock()

    @task
    def counted() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1

    @pipeline(max_workers=1)
    def narrow() -> None:
        for _ in range(50):
            counted()

    narrow.run()

    assert most == [1]


def test_context_variables_of_the_caller_reach_tasks_and_not_back() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")

    @task
    def look_and_change() -> str:
        seen = variable.get()
        variable.set("changed by a task")
        return seen

    @pipeline
    def looking() -> Any:
        return [look_and_change() for _ in range(3)]

    variable.set("caller's")
    run = looking.run()

    assert run.result == ["caller's"] * 3
    assert variable.get() == "caller's"


def test_failure_skips_what_depends_on_it_and_nothing_else() -> None:
    @task(depends_on=[boom])
    def after() -> None: ...

    @pipeline(name="half")
    def function() -> None:
        boom()
        number(number(1))
        number(boom())
        after()

    with pytest.raises(RunError, match=r"Pipeline 'half' failed") as failure:
        function.run()

    run = failure.value.run
    assert run is not None
    assert run.status is RunStatus.FAILED
    assert statuses(run) == {
        "boom": "FAILED",
        "number": "SUCCEEDED",
        "number#2": "SUCCEEDED",
        "boom#2": "FAILED",
        "number#3": "SKIPPED",
        "after": "SKIPPED",
    }
    assert isinstance(run.errors["boom"], TaskError)
    assert isinstance(run.errors["boom"].__cause__, ValueError)
    assert str(run.tasks["number#3"].error) == (
        "Task 'number#3' was skipped: it depends on 'boom#2', which failed."
    )


def test_sys_exit_in_a_task_is_a_failure_of_that_task() -> None:
    @task
    def leave() -> None:
        raise SystemExit(3)

    @pipeline
    def leaving() -> None:
        leave()

    with pytest.raises(PipelineError, match=r"Task 'leave' failed: SystemExit: 3"):
        leaving.run()


def test_keyboard_interrupt_in_a_task_stops_the_run() -> None:
    started = []

    @task
    def interrupted() -> None:
        raise KeyboardInterrupt

    @task(depends_on=[interrupted])
    def never() -> None:
        started.append(True)

    @pipeline
    def stopping() -> None:
        interrupted()
        never()

    with pytest.raises(KeyboardInterrupt):
        stopping.run()
    assert started == []


def test_retries_try_again_until_it_works() -> None:
    calls = []

    @task(retries=2, retry_delay_seconds=0.001)
    def flaky() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError("again")
        return 42

    @pipeline
    def patient() -> Any:
        return flaky()

    run = patient.run()

    assert run.result == 42
    assert run.tasks["flaky"].attempts == 3


def test_retries_end_with_the_last_error() -> None:
    calls = []

    @task(retries=1, retry_delay_seconds=0.001)
    def hopeless() -> None:
        calls.append(1)
        raise ConnectionError(f"attempt {len(calls)}")

    @pipeline
    def trying() -> None:
        hopeless()

    with pytest.raises(PipelineError, match=r"'hopeless' failed: ConnectionError: attempt 2"):
        trying.run()


def test_failed_attempt_leaves_no_write(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")
    calls = []

    @task(retries=1, retry_delay_seconds=0.001)
    def write_then_fail() -> None:
        calls.append(1)
        target.write(pl.DataFrame({"attempt": [len(calls)]}))
        if len(calls) == 1:
            raise ConnectionError("after the write")

    @pipeline
    def trying() -> None:
        write_then_fail()

    run = trying.run()

    assert target.read().item() == 2
    assert run.tasks["write_then_fail"].writes == (target.get_uri(),)


def test_timeout_fails_the_task_and_its_thread_can_write_no_more(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")
    run_is_over = threading.Event()
    late_error: list[Exception] = []
    late = threading.Event()

    @task(timeout_seconds=0.05)
    def slow() -> None:
        run_is_over.wait(30)
        try:
            target.write(pl.DataFrame({"a": [1]}))
        except PipelineError as error:
            late_error.append(error)
        late.set()

    @pipeline
    def waiting() -> None:
        slow()

    with pytest.raises(RunError, match=r"took longer than timeout_seconds=0.05") as failure:
        waiting.run()
    run_is_over.set()
    assert late.wait(30)

    assert isinstance(failure.value.run.errors["slow"], TaskTimeoutError)
    assert isinstance(failure.value.run.errors["slow"], TimeoutError)
    assert "Task 'slow' is over" in str(late_error[0])
    assert not target.exists()


def test_timeout_that_is_not_reached_does_no_harm() -> None:
    @task(timeout_seconds=30)
    def quick() -> int:
        return 5

    @pipeline
    def fine() -> Any:
        return quick()

    run = fine.run()

    assert run.result == 5


def test_frame_stays_lazy_between_tasks() -> None:
    kinds = []

    @task
    def make() -> pl.LazyFrame:
        return pl.LazyFrame({"a": [1, 2]})

    @task
    def look(frame: pl.LazyFrame) -> pl.LazyFrame:
        kinds.append(type(frame))
        return frame.filter(pl.col("a") > 1)

    @pipeline
    def lazy() -> Any:
        return look(make())

    run = lazy.run()

    assert kinds == [pl.LazyFrame]
    assert run.result.collect()["a"].to_list() == [2]


def test_persist_computes_a_result_once() -> None:
    computed = []

    def count(frame: pl.DataFrame) -> pl.DataFrame:
        computed.append(1)
        return frame

    @task(persist=True)
    def costly() -> pl.LazyFrame:
        return pl.LazyFrame({"a": [1, 2, 3]}).map_batches(count, schema={"a": pl.Int64})

    @task
    def total(frame: pl.LazyFrame) -> int:
        return int(frame.sum().collect().item())

    @pipeline
    def twice() -> Any:
        frame = costly()
        return [total(frame), total(frame), frame]

    with twice.run() as run:
        rows = run.result[2].collect().height

    assert run.result[:2] == [6, 6]
    assert rows == 3
    assert computed == [1]


def test_close_removes_what_the_result_scans() -> None:
    @task(persist=True)
    def kept() -> pl.LazyFrame:
        return pl.LazyFrame({"a": [1]})

    @pipeline
    def keeping() -> Any:
        return kept()

    run = keeping.run()
    assert run.result.collect().height == 1
    run.close()
    run.close()

    with pytest.raises(FileNotFoundError):
        run.result.collect()


def test_write_from_a_users_own_thread_is_executed_at_once(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def spawn() -> bool:
        thread = threading.Thread(target=lambda: target.write(pl.DataFrame({"a": [1]})))
        thread.start()
        thread.join()
        return target.exists_now()

    @pipeline
    def spawning() -> Any:
        return spawn()

    run = spawning.run()

    assert run.result is True


class Recorder:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def glacier_run_started(self, run: Run) -> None:
        self.seen.append(f"run {run.pipeline}")

    @hookimpl
    def glacier_task_started(self, task: TaskRun) -> None:
        self.seen.append(f"start {task.name}")

    @hookimpl
    def glacier_task_finished(self, task: TaskRun) -> None:
        self.seen.append(f"{task.status} {task.name}")

    @hookimpl
    def glacier_run_finished(self, run: Run) -> None:
        self.seen.append(f"{run.status} {run.pipeline}")


class Grumbler:
    """An observer that always raises."""

    @hookimpl
    def glacier_task_started(self) -> None:
        raise RuntimeError("I never liked this task")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    observer, manager = Recorder(), load_plugins().manager
    manager.register(observer)
    yield observer
    manager.unregister(observer)


@pytest.fixture
def grumbler() -> Iterator[None]:
    observer, manager = Grumbler(), load_plugins().manager
    manager.register(observer, name="grumbler")
    yield
    manager.unregister(observer)


def test_observers_are_told_what_happens(recorder: Recorder) -> None:
    @pipeline
    def observed() -> None:
        number(boom())

    with pytest.raises(PipelineError):
        observed.run()

    assert recorder.seen == [
        "run observed",
        "start boom",
        "FAILED boom",
        "SKIPPED number",
        "FAILED observed",
    ]


def test_task_finishes_for_observers_only_when_its_writes_are_committed(
    recorder: Recorder, provider: Provider
) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def save() -> None:
        target.write(pl.DataFrame({"a": [1]}))

    @pipeline
    def saving() -> None:
        save()
        number(1)

    saving.run()

    assert recorder.seen.index("SUCCEEDED number") < recorder.seen.index("SUCCEEDED save")


def test_observer_that_raises_is_logged_and_harmless(
    grumbler: None, caplog: pytest.LogCaptureFixture
) -> None:
    @pipeline
    def fine() -> Any:
        return number(1)

    run = fine.run()

    assert run.status is RunStatus.SUCCEEDED
    assert "The plugin 'grumbler' failed in glacier_task_started" in caplog.text


def test_status_of_a_task_is_a_word() -> None:
    assert str(TaskStatus.WRITING) == "WRITING"


def test_one_failure_among_many_skips_every_task_that_depends_on_them() -> None:
    @task
    def check(value: int) -> None:
        if value == 2:
            raise ValueError("no luck")

    @task(depends_on=[check])
    def publish() -> None: ...

    @pipeline
    def gated() -> None:
        for value in range(6):
            check(value)
        publish()
        publish()
        check(7)
        publish()

    with pytest.raises(RunError) as failure:
        gated.run()

    run = failure.value.run
    assert {name: status for name, status in statuses(run).items() if "publish" in name} == {
        "publish": "SKIPPED",
        "publish#2": "SKIPPED",
        "publish#3": "SKIPPED",
    }


def test_interrupted_run_begins_no_further_task(recorder: Recorder) -> None:
    interrupted, ended = threading.Event(), threading.Event()
    began = []

    @task
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    @task
    def outlast(_: int) -> int:
        assert interrupted.wait(30)
        ended.set()
        return 1

    @task
    def after(_: int) -> None:
        began.append(1)

    @pipeline
    def stopped() -> None:
        start = number(1)
        for _ in range(3):
            after(outlast(start))
        interrupt(start)

    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    interrupted.set()
    assert ended.wait(30)
    for thread in threading.enumerate():
        if thread.name.startswith("glacier-"):
            thread.join(30)

    assert began == []
    assert "FAILED stopped" in recorder.seen


def test_write_that_is_staged_at_once_does_not_outlive_its_timeout(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")
    timed_out, ended = threading.Event(), threading.Event()

    class Slow:
        """Rows of another library that arrive after the timeout."""

        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            assert timed_out.wait(30)
            return pl.DataFrame({"a": [1]}).__arrow_c_stream__(requested_schema)

    @task(timeout_seconds=0.05)
    def late() -> None:
        try:
            target.write(Slow())
        except PipelineError:
            ended.set()

    @pipeline
    def hurried() -> None:
        late()

    with pytest.raises(RunError, match=r"timeout_seconds=0.05"):
        hurried.run()
    timed_out.set()

    assert ended.wait(30)
    assert not target.exists()
