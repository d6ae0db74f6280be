"""Publishing a dataset on stores that can't swap many objects at once."""

from collections.abc import Callable, Collection, Iterable, Mapping


def publish_dataset(
    staged: Mapping[str, str],
    *,
    superseded: Iterable[str],
    publish: Callable[[str, str], None],
    remove: Callable[[str], None],
) -> None:
    """Make the staged objects visible, and only then remove the ones they supersede.

    The order is what makes a crash harmless: at every moment a reader finds all of the old
    objects or all of the new ones, and after a crash perhaps both, until the next write. If
    one object can't be published, those published before it are taken back.

    Args:
        staged: The target of each staged object. None may exist yet: the names of a dataset's
            files carry the token of their stage.
        superseded: The objects of the dataset that go; empty for an append.
        publish: Makes one staged object visible at its target, whole and at once.
        remove: Removes one object; does nothing where nothing is.
    """
    tried: list[str] = []
    try:
        for source, target in staged.items():
            tried.append(target)
            publish(source, target)
    except BaseException:
        _remove_all(tried, remove)
        raise
    _remove_all([path for path in superseded if path not in staged.values()], remove)


def _remove_all(paths: Collection[str], remove: Callable[[str], None]) -> None:
    for path in paths:
        remove(path)
