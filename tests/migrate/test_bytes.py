"""What is not changed stays as it is, byte by byte."""

import sys

import pytest

from glacier.migrate import migrate_module

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
BEFORE = 'from glacier.providers import LocalProvider\np = LocalProvider("é")\n'
AFTER = (
    "from glacier import Provider\nfrom glacier.config import LocalConfig\n"
    'p = Provider(config=LocalConfig(base_path="é"))\n'
)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_are_kept(newline: str) -> None:
    migration = migrate_module(BEFORE.replace("\n", newline).encode())

    assert migration.after == AFTER.replace("\n", newline).encode()


@pytest.mark.parametrize("encoding", ["latin-1", "iso-8859-15", "cp1252", "utf-8"])
def test_declared_encoding_is_kept(encoding: str) -> None:
    declared = f"# -*- coding: {encoding} -*-\n"

    migration = migrate_module((declared + BEFORE).encode(encoding))

    assert migration.error is None
    assert migration.after == (declared + AFTER).encode(encoding)


def test_byte_order_mark_is_kept() -> None:
    migration = migrate_module(BEFORE.encode("utf-8-sig"))

    assert migration.after == AFTER.encode("utf-8-sig")


def test_last_line_without_an_end_stays_without() -> None:
    migration = migrate_module(BEFORE.rstrip("\n").encode())

    assert migration.after == AFTER.rstrip("\n").encode()


def test_tabs_and_trailing_spaces_are_kept() -> None:
    before = (
        "def f():\n\tfrom glacier.providers import LocalProvider \t\n\n"
        "\treturn LocalProvider(\n\t\t'x',\t\n\t) \n"
    )

    migration = migrate_module(before.encode())

    assert migration.after.decode() == (
        "def f():\n\tfrom glacier import Provider\n\tfrom glacier.config import LocalConfig \t\n\n"
        "\treturn Provider(config=LocalConfig(\n\t\tbase_path='x',\t\n\t)) \n"
    )


@pytest.mark.parametrize("feed", ["\f", "\f\n", "\n\f\n", " \f"])
def test_form_feeds_are_kept(feed: str) -> None:
    before = f"{feed.strip(' ')}x = 1\n{BEFORE}\n\f\nif p:\n    \f\n    q = '\f'\n\fr = p\n"

    migration = migrate_module(before.encode())

    assert migration.error is None
    assert migration.after.decode() == before.replace(BEFORE, AFTER)


def test_line_ends_of_several_kinds_are_kept() -> None:
    before = BEFORE.replace("\n", "\r\n", 1) + "x = 1\rif p:\r\n    q = 2\n"

    migration = migrate_module(before.encode())

    assert migration.after.decode().endswith("x = 1\rif p:\r\n    q = 2\n")
    assert migration.after.decode().count("\r\n") == 3


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe\x00", b"x = (\n", b"# glaci\xe9r\nx ="])
def test_module_without_glacier_is_not_even_read(data: bytes) -> None:
    migration = migrate_module(data)

    assert migration.after is data
    assert migration.error is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            b"import glacier\nx = (\n",
            f"2:5: This is no {PYTHON} that can be read: '(' was never closed.",
        ),
        (b"import glacier\n\x00", f"1:1: This is no {PYTHON} that can be read: "),
        (b"from glacier import providers\nreturn 1\n", "can be read: 'return' outside function."),
        (b"import glacier\nx = '\xe9'\n", f"This is no {PYTHON} that can be read: "),
        (b"# coding: glacial\nimport glacier\n", f"This is no {PYTHON} that can be read: "),
        (b"import glacier\nx = 1 \\\n", f"This is no {PYTHON} that can be read: "),
        (
            b"import glacier\nx = " + b"-" * 100_000 + b"1\n",
            "This is nested too deeply to be read.",
        ),
        (b"import glacier\nx = 0" + b"+1" * 5_000 + b"\n", "This is nested too deeply to be read."),
    ],
)
def test_module_that_can_not_be_read_is_an_error_and_stays(data: bytes, told: str) -> None:
    migration = migrate_module(data)

    assert migration.after is data
    assert told in str(migration.error)


def test_places_are_counted_in_lines_and_columns_of_the_text() -> None:
    before = (
        "\ufeff\f# é\r\n\fx = 1\r\nfrom glacier.providers import AWSProvider\r\n"
        "é = 'é'; y = AWSProvider\r\n"
    )

    migration = migrate_module(before.encode())

    assert [(one.line, one.column) for one in migration.findings] == [(4, 14)]


def test_nested_changes_that_overlap_are_an_error() -> None:
    before = (
        b"from glacier.providers import AWSProvider\n"
        b'AWSProvider("r", tags=f(AWSProvider("s")), profile="p")\n'
    )

    migration = migrate_module(before)

    assert migration.after is before
    assert str(migration.error) == (
        "2:25: What has to change here is too nested, so that nothing is changed. Give the inner "
        "call a name first."
    )
