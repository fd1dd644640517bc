"""`reports/example/` is what the code draws today from its own review.json.

After a wanted change of the report: `advisor report --review reports/example/review.json --out reports/example`.
Pictures are compared by what they say, not byte by byte: their layout depends on the fonts of the machine.
"""

import re
from pathlib import Path

import pytest

from advisor.codec import review_from_json
from advisor.report import write_report

EXAMPLE = Path(__file__).parents[2] / "reports" / "example"
PICTURE = re.compile(r'src="data:image/svg\+xml;base64,[A-Za-z0-9+/=]+" width="\d+" height="\d+"')


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = (EXAMPLE / "review.json").read_bytes()
    folder = tmp_path_factory.mktemp("example")
    write_report(review_from_json(text, where="reports/example/review.json"), folder)
    return folder


@pytest.mark.parametrize("name", ["review.html", "review.md", "review.csv", "review.json", "standalone.csv"])
def test_the_example_is_what_the_code_draws(drawn: Path, name: str) -> None:
    expected, found = (PICTURE.sub("", (folder / name).read_bytes().decode()) for folder in (EXAMPLE, drawn))
    assert found == expected
