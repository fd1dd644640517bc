"""Documents that can lie are held to the code."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_pages_are_what_the_code_says() -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]
    for name, make in pages.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == make(), f"{name}: run python docs/generate.py"


def test_readme_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_readme_commands_and_options_exist() -> None:
    from advisor.cli import cli

    blocks = "\n".join(re.findall(r"```\n(.*?)```", README, re.DOTALL))
    typed = re.findall(r"^advisor ([\w-]+)(.*)$", blocks, re.MULTILINE)
    assert len(typed) >= 6
    for name, rest in typed:
        options = {option for parameter in cli.commands[name].params for option in parameter.opts}
        assert set(re.findall(r"(--[\w-]+)", rest.partition("#")[0])) <= options, name
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", blocks, re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_no_file_is_longer_than_the_house_allows() -> None:
    for path in (ROOT / "advisor").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path
