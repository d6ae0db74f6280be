"""Requirements that a config names, such as `polars==2.1.0`."""

from collections.abc import Iterable


def check_requirements(packages: Iterable[str], options: str) -> None:
    """Refuse lines that are no requirement, such as options of pip.

    Args:
        packages: The lines.
        options: Where options of pip belong instead, as a sentence.

    Raises:
        ValueError: One is none.
    """
    for line in packages:
        if not line.strip() or line.strip().startswith(("-", "#")) or "\n" in line:
            raise ValueError(
                f"{line!r} is no requirement; pass one such as 'polars==2.1.0' for each package. "
                f"{options}"
            )
