"""A provider's tags as Google Cloud has them: labels."""

import re
from collections.abc import Mapping

_LONGEST = 63


def labels_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags as labels, which have lower-case letters, digits, `-` and `_` alone.

    Tags that other clouds take stay what they are where they can, such as `Team: Data/EU` as
    `team: data-eu`: https://cloud.google.com/compute/docs/labeling-resources#requirements
    """
    return {_key(name): _legal(value) for name, value in tags.items()}


def _key(name: str) -> str:
    found = _legal(name)
    return found if re.match(r"[^\W\d_]", found) else f"x{found}"[:_LONGEST]


def _legal(text: str) -> str:
    return re.sub(r"[^\w-]", "-", text.lower())[:_LONGEST]
