"""The order in which a dataset's objects come and go."""

from collections.abc import Collection

import pytest

from glacier.publishing import publish_dataset


class Shelf:
    """A store that remembers what was done to it."""

    def __init__(self, *objects: str, broken: str | None = None) -> None:
        self.objects = set(objects)
        self.events: list[str] = []
        self._broken = broken

    def publish(self, *targets: str) -> None:
        for target in targets:
            if target == self._broken:
                raise ConnectionError(f"{target} was not copied")
            self.events.append(f"publish {target}")
            self.objects.add(target)

    def remove(self, paths: Collection[str]) -> None:
        for path in paths:
            self.events.append(f"remove {path}")
            self.objects.discard(path)


def test_dataset_comes_before_its_predecessor_goes() -> None:
    shelf = Shelf("old1", "old2")

    publish_dataset(
        ["new1", "new2"],
        superseded=["old1", "old2"],
        publish=lambda: shelf.publish("new1", "new2"),
        remove=shelf.remove,
    )

    assert shelf.events == ["publish new1", "publish new2", "remove old1", "remove old2"]


def test_dataset_that_supersedes_nothing_removes_nothing() -> None:
    shelf = Shelf("old")

    publish_dataset(
        ["new"], superseded=[], publish=lambda: shelf.publish("new"), remove=shelf.remove
    )

    assert shelf.objects == {"old", "new"}


def test_dataset_that_fails_half_way_is_taken_back() -> None:
    shelf = Shelf("old", broken="new2")

    with pytest.raises(ConnectionError, match="new2 was not copied"):
        publish_dataset(
            ["new1", "new2", "new3"],
            superseded=["old"],
            publish=lambda: shelf.publish("new1", "new2", "new3"),
            remove=shelf.remove,
        )

    assert shelf.objects == {"old"}


def test_dataset_that_can_not_be_taken_back_says_so_beside_the_cause() -> None:
    def remove(paths: Collection[str]) -> None:
        raise TimeoutError("busy")

    shelf = Shelf("old", broken="new2")

    with pytest.raises(ConnectionError, match="new2 was not copied") as caught:
        publish_dataset(
            ["new1", "new2"],
            superseded=["old"],
            publish=lambda: shelf.publish("new1", "new2"),
            remove=remove,
        )

    assert "could not be taken back (TimeoutError: busy)" in caught.value.__notes__[0]
