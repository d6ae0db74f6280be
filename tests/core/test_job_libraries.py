"""What a platform has of what a job requires."""

import pytest

from glacier.jobs.libraries import lacking


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ("polars==2.1.0", "pydantic-core==2.41.5")),
        ("polars==2.1.0\nPydantic_Core==2.41.5  # both\n", ()),
        ("polars==2.1.0 ; python_version > '3'\n", ("pydantic-core==2.41.5",)),
        ("polars[pandas]==2.1.0\npydantic-core==2.4\n", ("pydantic-core==2.41.5",)),
        ("polars>=2.1.0\npydantic-core\n", ("polars==2.1.0", "pydantic-core==2.41.5")),
        ("#polars==2.1.0\n", ("polars==2.1.0", "pydantic-core==2.41.5")),
        (
            "name: pool\ndependencies:\n- polars=2.1.0\n- pip:\n  - pydantic-core==2.41.5\n",
            (),
        ),
    ],
)
def test_platform_has_what_it_names_in_the_same_version(
    content: str, expected: tuple[str, ...]
) -> None:
    assert lacking(("polars==2.1.0", "pydantic-core==2.41.5"), content) == expected
