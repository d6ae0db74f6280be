"""The rules of the conformance kit itself."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from glacier.testing import BucketCases, Cases

RIG = """
    import pytest
    from glacier.config import ToyConfig
    from glacier.provider import Provider
    from glacier.testing import Cases, Rig, needs

    class ToyRig(Rig):
        formats = ("parquet",)
        supports_append = False
        known_gaps = {gaps}

        def provider(self):
            return Provider(config=ToyConfig(region="attic"))

    @pytest.fixture
    def rig():
        return ToyRig()

    class TestRig(Cases):
        def test_passes(self, rig):
            assert rig.provider()

        def test_fails(self, rig):
            assert rig.formats == 7

        @needs("supports_append")
        def test_appends(self):
            assert not "append"

        @pytest.mark.parametrize("format", ["parquet", "delta"])
        def test_format(self, rig, format):
            assert format in rig.formats
"""


def run_kit(directory: Path, gaps: dict[str, str]) -> str:
    """Run the cases with these gaps in a fresh pytest and return what it prints."""
    test = directory / "test_kit.py"
    test.write_text(dedent(RIG).format(gaps=gaps), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", str(test)],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout


def test_gap_that_is_declared_is_expected_to_fail(tmp_path: Path) -> None:
    printed = run_kit(tmp_path, {"test_fails": "no sevens here"})

    assert "XFAIL test_kit.py::TestRig::test_fails - no sevens here" in printed
    assert "3 xfailed" in printed
    assert "failed" not in printed.replace("xfailed", "")


def test_gap_that_is_not_declared_fails(tmp_path: Path) -> None:
    printed = run_kit(tmp_path, {})

    assert "FAILED test_kit.py::TestRig::test_fails" in printed


def test_gap_that_passes_is_a_failure(tmp_path: Path) -> None:
    printed = run_kit(tmp_path, {"test_passes": "not yet"})

    assert "FAILED test_kit.py::TestRig::test_passes - [XPASS(strict)] not yet" in printed


def test_gap_may_name_one_parameter(tmp_path: Path) -> None:
    printed = run_kit(tmp_path, {"test_format[parquet]": "not yet"})

    assert "FAILED test_kit.py::TestRig::test_format[parquet] - [XPASS(strict)]" in printed
    assert "XFAIL test_kit.py::TestRig::test_format[delta]" in printed


def test_gap_of_an_unknown_test_is_an_error(tmp_path: Path) -> None:
    printed = run_kit(tmp_path, {"test_misspelt": "never"})

    assert "known_gaps of ToyRig names no test: ['test_misspelt']" in printed


def test_capability_that_is_missing_is_expected_to_fail(tmp_path: Path) -> None:
    printed = run_kit(tmp_path, {})

    assert "XFAIL test_kit.py::TestRig::test_appends - ToyRig has no supports_append" in printed


def test_format_that_is_missing_is_expected_to_fail(tmp_path: Path) -> None:
    printed = run_kit(tmp_path, {})

    assert "XFAIL test_kit.py::TestRig::test_format[delta] - ToyRig has no format delta" in printed


def test_shared_test_can_not_be_replaced() -> None:
    with pytest.raises(TypeError, match="shared test test_append_adds_rows of DatasetCases"):

        class TestMine(BucketCases):
            def test_append_adds_rows(self) -> None:  # type: ignore[override]
                pass


def test_shared_test_can_not_be_removed() -> None:
    with pytest.raises(TypeError, match="shared test test_append_adds_rows of DatasetCases"):

        class TestMine(BucketCases):
            test_append_adds_rows = None  # type: ignore[assignment]


def test_shared_test_can_not_be_replaced_by_a_mixin() -> None:
    class Mixin:
        def test_append_adds_rows(self) -> None:
            pass

    with pytest.raises(TypeError, match=r"test_append_adds_rows of DatasetCases by that of Mixin"):

        class TestMine(Mixin, BucketCases):  # type: ignore[misc]
            pass


def test_own_tests_can_be_added() -> None:
    class TestMine(Cases):
        def test_of_my_own(self) -> None:
            pass

    assert "test_of_my_own" in Cases.shared_tests
    assert TestMine.__mro__[1] is Cases
