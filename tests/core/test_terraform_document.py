"""Blocks become one document."""

import json
from pathlib import Path
from typing import Any

import pytest
from glacier_toy import ToyConfig
from glacier_toy.database import Database
from pydantic import SecretStr

from glacier import Provider
from glacier.config import LocalConfig
from glacier.errors import TerraformError
from glacier.terraform import Block, Expression, Ref, TerraformProvider, Text
from glacier.terraform.document import Document, document_of
from tests.rigs.terraform import Terraform
from tests.rigs.terraform import TerraformError as CommandError

BUILT_IN = TerraformProvider("terraform.io/builtin/terraform", version="", body={})
ATTIC = TerraformProvider("example/attic", version="~> 1.2", body={"floor": 3})


def block(key: str, value: Any = None, **fields: Any) -> Block:
    given = {"type": "terraform_data", "owner": f"Thing({key!r})", "provider": BUILT_IN, **fields}
    return Block(key=key, body={"input": value}, **given)


def things(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = document.tree["resource"]["terraform_data"]
    return found


def test_document_is_sorted_and_the_same_whatever_the_order_of_its_blocks() -> None:
    one, other = block("b", {"y": 1, "x": None}), block("a", [True, 1.5, "text"])

    text = str(document_of([one, other]))

    assert text == str(document_of([other, one]))
    assert text.endswith(
        """
  "resource": {
    "terraform_data": {
      "a": {
        "input": [
          true,
          1.5,
          "text"
        ]
      },
      "b": {
        "input": {
          "y": 1
        }
      }
    }
  },
  "terraform": {
    "required_providers": {
      "terraform": {
        "source": "terraform.io/builtin/terraform"
      }
    }
  }
}
"""
    )


def test_names_become_labels_and_a_collision_gets_a_digest() -> None:
    document = document_of([block(key) for key in ("a_b", "a.b", "a b", "7up", "x/y")])

    labels = sorted(things(document))

    assert labels == ["_7up", "a_b", "a_b_2e7336dc", "a_b_c8687a08", "x_y"]


def test_equal_blocks_of_several_resources_are_one() -> None:
    document = document_of([block("a", 1), block("a", 1, owner="Thing('other')")])

    assert things(document) == {"a": {"input": 1}}


def test_different_blocks_of_one_name_are_an_error_that_names_both_resources() -> None:
    blocks = [block("a", 1), block("a", 2, owner="Thing('other')")]

    with pytest.raises(
        TerraformError,
        match=r"Thing\('a'\) and Thing\('other'\) both describe terraform_data.a, and differently: "
        "input",
    ):
        document_of(blocks)


def test_reference_to_what_is_not_there_is_an_error_that_names_both() -> None:
    with pytest.raises(
        TerraformError,
        match=r"terraform_data.a of Thing\('a'\) refers to the terraform_data 'b', and no block of "
        "the document is that; it has: a",
    ):
        document_of([block("a", Ref("terraform_data", "b", "id"))])


@pytest.mark.parametrize(
    ("value", "kind"), [({1, 2}, "set"), (SecretStr("x"), "SecretStr"), (float("nan"), "float")]
)
def test_value_that_json_has_not_is_an_error_that_names_its_place(value: Any, kind: str) -> None:
    with pytest.raises(
        TerraformError,
        match=rf"terraform_data.a of Thing\('a'\).input.deep\[0\] is {kind}, which has no place",
    ):
        document_of([block("a", {"deep": [value]})])


class TokenConfig(LocalConfig):
    token: SecretStr


@pytest.mark.parametrize("secret", ["s3cret-value", 'odd "s3cret"', "a${s3cret}"])
@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("terraform_data.a.input.deep[0]", lambda secret: {"deep": [f"token={secret}"]}),
        ("terraform_data.a.input", lambda secret: {secret: {"deep": 1}}),
        ("terraform_data.a.input", lambda secret: json.dumps({"token": secret})),
    ],
)
def test_secret_in_a_document_is_an_error_that_names_field_and_place(
    place: str, value: Any, secret: str
) -> None:
    config = TokenConfig(token=SecretStr(secret))

    with pytest.raises(TerraformError) as caught:
        document_of([block("a", value(secret))])

    assert config.token.get_secret_value() not in str(caught.value)
    assert f"would hold the secret TokenConfig.token, in {place};" in str(caught.value)


def test_providers_are_required_once_and_configured_by_their_own_arguments() -> None:
    other = TerraformProvider("example/attic", version="~> 1.2", body={"floor": 4})
    blocks = [
        block("a", provider=ATTIC),
        block("b", provider=ATTIC),
        block("c", provider=other),
    ]

    tree = document_of(blocks).tree

    assert tree["terraform"] == {
        "required_providers": {"attic": {"source": "example/attic", "version": "~> 1.2"}}
    }
    first, second = tree["provider"]["attic"]
    assert first == {"floor": 3}
    assert second == {"floor": 4, "alias": second["alias"]}
    assert "provider" not in tree["resource"]["terraform_data"]["a"]
    assert tree["resource"]["terraform_data"]["c"]["provider"] == f"attic.{second['alias']}"


def test_things_of_one_name_of_several_configurations_are_several() -> None:
    other = TerraformProvider("example/attic", version="~> 1.2", body={"floor": 4})
    blocks = [
        block("box", 1, provider=ATTIC),
        block("lid", Ref("terraform_data", "box", "id"), provider=ATTIC),
        block("box", 2, provider=other),
        block("cover", Ref("terraform_data", "box", "id"), provider=other),
    ]

    document = document_of(blocks)

    alias = document.tree["provider"]["attic"][1]["alias"]
    assert {name: one["input"] for name, one in things(document).items()} == {
        "box": 1,
        "lid": "${terraform_data.box.id}",
        f"box_{alias}": 2,
        "cover": f"${{terraform_data.box_{alias}.id}}",
    }


def test_outputs_of_one_name_have_their_providers_in_front() -> None:
    blocks = [
        block("a", outputs={"lake": "id", "pond": "id"}),
        block("b", type="attic_shelf", provider=ATTIC, outputs={"lake": "id"}),
    ]

    tree = document_of(blocks).tree

    assert tree["output"] == {
        "terraform_lake": {"value": "${terraform_data.a.id}"},
        "attic_lake": {"value": "${attic_shelf.b.id}"},
        "pond": {"value": "${terraform_data.a.id}"},
    }


def test_outputs_of_one_name_and_provider_are_an_error() -> None:
    blocks = [block("a", outputs={"lake": "id"}), block("b", outputs={"lake": "id"})]

    with pytest.raises(TerraformError, match=r"Two outputs are called 'lake'.*Thing\('b'\)"):
        document_of(blocks)


def test_versions_that_differ_are_an_error() -> None:
    other = TerraformProvider("example/attic", version="~> 2.0", body={})

    with pytest.raises(TerraformError, match=r"Thing\('b'\) needs the Terraform provider"):
        document_of([block("a", provider=ATTIC), block("b", provider=other)])


def test_write_makes_the_directory_and_puts_files_beside_the_document(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "terraform"

    written = document_of(
        [block("a", files={"code/a.txt": lambda path: path.write_text("content")})]
    ).write(directory)

    assert written == [directory / "main.tf.json", directory / "code" / "a.txt"]
    assert (directory / "code" / "a.txt").read_text() == "content"
    assert sorted(path.name for path in directory.iterdir()) == ["code", "main.tf.json"]


def test_terraform_takes_plain_texts_literally_and_resolves_the_rest(
    terraform: Terraform, tmp_path: Path
) -> None:
    plain = "${path.module} %{if} $${x} $$ 100% $"
    blocks = [
        block("the.first", {"k${y}": plain}, outputs={"plain": "output"}, comment="why ${x}"),
        block(
            "second",
            {
                "ref": Ref("terraform_data", "the.first", "input"),
                "sum": Expression("1 + 2"),
                "text": Text(("$", Expression('"a"'), "%", Expression('"b"'), plain)),
            },
            outputs={"second.of": "output"},
        ),
        Block(
            "terraform_data",
            "third",
            {"depends_on": [Ref("terraform_data", "second")]},
            owner="Thing('third')",
            provider=BUILT_IN,
        ),
    ]
    document_of(blocks, notes=["note ${x}"]).write(tmp_path)

    terraform.init(tmp_path)
    terraform.apply(tmp_path)

    assert terraform.outputs(tmp_path) == {
        "plain": {"k${y}": plain},
        "second_of": {"ref": {"k${y}": plain}, "sum": 3, "text": f"$a%b{plain}"},
    }
    assert terraform.changes(tmp_path) == []


def test_resources_of_a_third_party_are_applied(terraform: Terraform, tmp_path: Path) -> None:
    provider = Provider(ToyConfig(region="attic"), tags={"team": "data"})
    provider.bucket("lake")
    provider.resource(Database, "shop")

    provider.write_terraform(tmp_path)
    terraform.init(tmp_path)
    terraform.validate(tmp_path)
    terraform.apply(tmp_path)

    assert terraform.outputs(tmp_path) == {
        "database_shop": {"name": "shop", "tags": {"team": "data"}}
    }


def test_resources_that_have_no_terraform_make_an_empty_document(tmp_path: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path))
    provider.bucket("lake", "sales.parquet")

    assert set(provider.terraform().tree) == {"//"}


def test_terraform_loads_a_document_whose_provider_is_not_at_hand(
    terraform: Terraform, tmp_path: Path
) -> None:
    shelf = block("shelf", type="attic_shelf", provider=ATTIC, outputs={"shelf": "id"})
    document_of([shelf]).write(tmp_path)

    found = terraform.load(tmp_path)

    assert found == ["example/attic"]
    terraform.check_format(tmp_path)


def test_terraform_refuses_what_it_can_not_load_or_would_format(
    terraform: Terraform, tmp_path: Path
) -> None:
    (tmp_path / "main.tf.json").write_text('{"resources": {}}')
    (tmp_path / "own.tf").write_text("locals {\nx=1\n}\n")

    with pytest.raises(CommandError, match='No argument or block type is named "resources"'):
        terraform.load(tmp_path)
    with pytest.raises(CommandError, match=r"own\.tf"):
        terraform.check_format(tmp_path)


def with_file(key: str, content: str) -> Block:
    return block(key, files={"code/f.txt": lambda path: path.write_text(content)})


def test_file_that_two_resources_write_alike_is_one(tmp_path: Path) -> None:
    written = document_of([with_file("a", "same"), with_file("b", "same")]).write(tmp_path)

    assert written == [tmp_path / "main.tf.json", tmp_path / "code/f.txt"]
    assert written[1].read_text() == "same"


def test_file_that_two_resources_write_differently_is_an_error(tmp_path: Path) -> None:
    document = document_of([with_file("a", "one"), with_file("b", "two")])

    with pytest.raises(
        TerraformError, match=r"both describe the file code/f\.txt, and differently"
    ):
        document.write(tmp_path)

    assert not (tmp_path / "main.tf.json").exists()
