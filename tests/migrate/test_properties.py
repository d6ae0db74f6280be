"""What holds of the migration of any module, however it is written."""

import builtins
import io
import symtable
import tokenize
import warnings
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from glacier.migrate import migrate_module

CLASSES = ["AWSProvider", "AzureProvider", "GCPProvider", "LocalProvider", "Provider"]
IMPORT = "from glacier.providers import AWSProvider, LocalProvider"
SPACES = st.sampled_from(["", " ", "  ", "\t", " \\\n  "])
COMMENTS = st.sampled_from(["", "", "  # why", " # AWSProvider(region='x')", "#: é"])


@st.composite
def gaps(draw: st.DrawFn) -> str:
    """Draw what may stand between two tokens in parentheses."""
    end = draw(COMMENTS)
    breaks = draw(st.booleans()) or bool(end)
    return f"{end}\n{draw(st.sampled_from(['', '    ', '        ']))}" if breaks else draw(SPACES)


@st.composite
def arguments(draw: st.DrawFn) -> str:
    """Draw the arguments of a call, of a V2 provider or of one of its buckets."""
    pool = ["'us-east-1'", "region='x'", "tags={'a': 'b'}", "base_path=(\n'x'  # in\n)", "**more"]
    pool += ["resource_group='rg'", "project_id='p'", "profile = None", "bucket='b'", "config=c"]
    chosen = draw(st.lists(st.sampled_from(pool), max_size=4, unique=True))
    chosen.sort(key=lambda one: (one != "'us-east-1'", one.startswith("**")))
    text = ",".join(draw(gaps()) + one + draw(gaps()) for one in chosen)
    return text + (draw(st.sampled_from(["", ","])) if chosen else "")


@st.composite
def imports(draw: st.DrawFn) -> str:
    """Draw an import, of V2 for the most part."""
    names = draw(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3, unique=True))
    aliases = [draw(st.sampled_from(["", "", "", f" as {one}", f" as {one[:2]}"])) for one in names]
    listed = [f"{one}{alias}" for one, alias in zip(names, aliases, strict=True)]
    inside = "".join(f"{draw(gaps())}{one},{draw(gaps())}" for one in listed)
    return draw(
        st.sampled_from(
            [
                f"from glacier.providers import {', '.join(listed)}",
                f"from glacier.providers import ({inside})",
                f"from glacier import {', '.join(listed)}, task",
                "import glacier.providers",
                "import glacier.providers as gp, os",
                "from glacier import providers",
                "from glacier.resources.aws import S3Bucket",
                "from glacier import Bucket, create_bucket",
                "from glacier.providers import AWSProvider as AWSProvider",
                "from ours import *",
                "from glacier import Provider, task",
                "from glacier.config import AwsConfig",
                "import os",
            ]
        )
    )


@st.composite
def plain_uses(draw: st.DrawFn) -> str:
    """Draw a statement that uses V2 in a way that can be migrated, if its names are imported."""
    region = f"{draw(gaps())}{draw(st.sampled_from(['region=', '']))}'x'{draw(gaps())}"
    more = draw(st.sampled_from(["", ",", ", profile='p'", ",\n    tags={'a': 'b'}\n"]))
    aws = f"AWSProvider{draw(SPACES)}({region}{more})"
    broken = f"(AWSProvider{draw(gaps())}({region}{more}))"
    local = f"LocalProvider({draw(gaps())})"
    bucket = f"{draw(gaps())}bucket = 'b'{draw(gaps())}"
    annotation = draw(st.sampled_from(["AWSProvider", "'AWSProvider | LocalProvider | None'"]))
    return draw(
        st.sampled_from(
            [
                f"p = {aws}",
                f"p = {local}",
                f"p = {broken}",
                f"p = [LocalProvider{draw(gaps())}({local})]",
                f"x = [{aws}, ({local}), AWSProvider.from_env()]",
                f"x = {aws} . bucket_source({bucket})",
                f"x = provider.bucket_source({bucket})",
                f"def f(a: {annotation}, b: list[LocalProvider]) -> {annotation}: return {aws}",
                f"def f(a: {annotation} = {aws}, /): return a.region, a.bucket_source('b')",
                f"class C: p = {local}; q = property(lambda self: self.p.base_path)",
                f"f = lambda self, Provider: ({aws}, self.AWSProvider)",
                "x = [AWSProvider(y) for y in 'ab' if LocalProvider().base_path]",
                f"if (p := {local}): print(f'{{AWSProvider(1)}}')",
                "p: LocalProvider | AWSProvider = provider; x = p.region",
            ]
        )
    )


@st.composite
def rough_uses(draw: st.DrawFn) -> str:
    """Draw a statement that uses V2, often in a way that only a person can decide."""
    name = draw(
        st.sampled_from([*CLASSES, "gp.AWSProvider", "glacier.providers.LocalProvider", "AW"])
    )
    call = f"{name}{draw(SPACES)}({draw(arguments())})"
    bucket = f"p{draw(SPACES)}.{draw(SPACES)}bucket_source({draw(arguments())})"
    return draw(
        st.sampled_from(
            [
                f"p = {call}",
                f"p: {name} | AzureProvider | None = {call}",
                f"p = {name}.from_env()",
                f"x = [{call}, ({call})]",
                f"x = {bucket}",
                f"x = ({name}{draw(gaps())}(x := {bucket}))",
                f"x = {name}(y for y in {bucket})",
                f"x = ({name}.from_env)()",
                f"x: Union[{name}, AWSProvider,{draw(gaps())}LocalProvider]",
                f"for p.region in {bucket}: Provider = p.region",
                f"class D:\n    from glacier.providers import AWSProvider\n    x = {call}",
                f"def f(a: '{name} | AWSProvider', b: list[{name}] = []) -> {name}: return {call}",
                f"assert isinstance(p, ({name}, str))",
                f"class C({name}): pass",
                f"x = S3Bucket({draw(arguments())})",
                f"x = S3Bucket('b', provider = p, path = '{draw(st.sampled_from('ab'))}')",
                f"x = create_bucket('s3',{draw(gaps())}bucket='b')",
                f"x = Bucket({draw(arguments())})",
                "x = Bucket('b')",
                f"{name} = None",
                f"__all__ = ['{name}']",
                "x = f'{AWSProvider}'",
                "pass",
            ]
        )
    )


@st.composite
def blocks(draw: st.DrawFn, *, is_rough: bool, depth: int = 2) -> str:
    """Draw some lines, with blocks among them."""
    uses = rough_uses() if is_rough else plain_uses()
    brought = imports() if is_rough else st.just(IMPORT)
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["import", "import", "use", "use", "block", "comment"]))
        if kind == "block" and depth:
            heads = ["if x:", "def g():", "class D:", "try:", "for p in x:", "match x:"]
            head = draw(st.sampled_from([*heads, "def g():\n    global AWSProvider"]))
            body = draw(blocks(is_rough=is_rough, depth=depth - 1))
            inner = "\n".join(f"    {line}" if line else "" for line in body.split("\n"))
            if head == "match x:":
                pattern = draw(
                    st.sampled_from(["[p, *Provider]", "AWSProvider()", "{**AwsConfig}"])
                )
                inner = f"  case {pattern}:\n{inner}"
            lines += [f"{head}{draw(COMMENTS)}", inner]
            lines += ["except ImportError:", "    pass"] if head == "try:" else []
        elif kind == "comment":
            lines += draw(st.sampled_from([["# AWSProvider"], [""], ["", "", "# é"], ["\f"]]))
        else:
            statement = draw(brought if kind == "import" else uses)
            lines.append(statement + draw(st.sampled_from(["", ";", "; y = 1"])) + draw(COMMENTS))
    return "\n".join([*lines, "pass"])


@st.composite
def modules(draw: st.DrawFn) -> bytes:
    """Draw a module that Python can read."""
    is_rough = draw(st.booleans())
    text = IMPORT + "\n" + draw(blocks(is_rough=is_rough)) + draw(st.sampled_from(["", "\n"]))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return text.replace("\n", newline).encode()


def is_python(data: bytes) -> bool:
    """Tell whether Python takes a module, which is more than that it can parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # calls of what can't be called, and their like
            compile(data, "module", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def undefined(data: bytes) -> set[str]:
    """Return the names that a module uses and nowhere binds, as the scopes of Python see them."""
    top = symtable.symtable(data.decode(), "module", "exec")
    tables = list(tables_of(top))
    symbols = [(table, one) for table in tables for one in table.get_symbols()]
    bound = {
        one.get_name()
        for table, one in symbols
        if (table is top or one.is_declared_global()) and (one.is_assigned() or one.is_imported())
    }
    used = {
        one.get_name()
        for table, one in symbols
        if one.is_referenced() and (table is top or one.is_global())
    }
    return used - bound - set(dir(builtins))


def tables_of(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from tables_of(child)


def comments(data: bytes) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(data.decode(), newline="").readline)
    return sorted(token.string.strip() for token in tokens if token.type == tokenize.COMMENT)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(modules().filter(is_python))
def test_any_module_stays_python_and_keeps_its_comments(before: bytes) -> None:
    migration = migrate_module(before)

    assert migration.error is None
    assert is_python(migration.after)
    assert comments(migration.after) == comments(before)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(modules().filter(is_python))
def test_any_module_stays_without_names_that_nothing_binds(before: bytes) -> None:
    migration = migrate_module(before)

    assert undefined(migration.after) <= undefined(before)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(modules().filter(is_python))
def test_second_migration_of_any_module_changes_nothing(before: bytes) -> None:
    first = migrate_module(before)

    second = migrate_module(first.after)

    assert second.after == first.after
    assert [one.message for one in second.findings] == [one.message for one in first.findings]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(modules().filter(is_python), st.sampled_from(["pulumi", "ours", ".glacier"]))
def test_any_module_of_another_package_stays_as_it_is(drawn: bytes, package: str) -> None:
    before = drawn.replace(b"import glacier", b"import ours").replace(b"glacier", package.encode())
    before = before.replace(b"bucket_source", b"bucket") + b"\nimport glacier\n"

    migration = migrate_module(before)

    assert migration.after == before
    assert migration.findings == ()
