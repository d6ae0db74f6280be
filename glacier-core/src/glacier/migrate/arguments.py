"""The arguments of a call, and how they change."""

import libcst as cst

from glacier.migrate.changes import Edit, UndecidedError
from glacier.migrate.source import Source


class Arguments:
    """The arguments of a call that can be told apart.

    Args:
        source: The module.
        call: The call.

    Attributes:
        positional: Those without a name.
        named: Those with a name, by it.

    Raises:
        UndecidedError: Some are only known at run time (`*args`, `**kwargs`), the called name
            stands in parentheses, or a comment before those of the call.
    """

    def __init__(self, source: Source, call: cst.Call) -> None:
        self._source = source
        self._all = call.args
        stars = [arg for arg in call.args if arg.star]
        if stars:
            raise UndecidedError(
                f"What it gets by {stars[0].star} is only known at run time. Name the arguments "
                "one by one, and migrate again"
            )
        if isinstance(call.func, cst.Name | cst.Attribute) and call.func.lpar:
            raise UndecidedError("The called name stands in parentheses. Take them away")
        self.positional = [arg for arg in call.args if arg.keyword is None]
        self.named = {arg.keyword.value: arg for arg in call.args if arg.keyword is not None}
        after = source.span(call.func)[1]
        self.opening = source.text.index("(", after) + 1
        if "#" in source.text[after : self.opening]:
            raise UndecidedError("A comment stands before its parentheses. Move it")

    def rename(self, arg: cst.Arg, name: str) -> Edit:
        """Return the edit that gives an argument a name.

        Raises:
            UndecidedError: It has none, and may stand without parentheses only so.
        """
        if arg.keyword is not None:
            return Edit(*self._source.span(arg.keyword), name)
        if isinstance(arg.value, cst.GeneratorExp | cst.NamedExpr) and not arg.value.lpar:
            raise UndecidedError(
                "Its argument can't get a name as it stands. Put it in parentheses, and migrate "
                "again"
            )
        start, _ = self._source.span(arg)
        return Edit(start, start, f"{name}=")

    def remove(self, *gone: cst.Arg) -> list[Edit]:
        """Return the edits that take some arguments out.

        Raises:
            UndecidedError: A comment stands between the arguments.
        """
        kept = [index for index, arg in enumerate(self._all) if arg not in gone]
        last = kept[-1] if kept else -1
        edits = [self._before_next(i) for i, arg in enumerate(self._all[:last]) if arg in gone]
        if last + 1 < len(self._all):
            edits.append(self._after(last))
        for edit in edits:
            if "#" in self._source.text[edit.start : edit.end]:
                raise UndecidedError("A comment stands where an argument has to go. Move it")
        return edits

    def _before_next(self, index: int) -> Edit:
        start, _ = self._source.span(self._all[index])
        return Edit(start, self._source.span(self._all[index + 1])[0], "")

    def _after(self, index: int) -> Edit:
        """Return the edit that takes out all arguments after one; -1 for all that there are."""
        first, end = self._source.span(self._all[0])[0], self._source.span(self._all[-1])[1]
        return Edit(first if index < 0 else self._source.span(self._all[index])[1], end, "")
