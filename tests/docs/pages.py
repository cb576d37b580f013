"""What pages of the documentation ask their reader to type, and what they promise."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and content of each fenced block, in the order of the page."""
    return [(step.language, step.content) for step in steps(page)]


@dataclass(frozen=True)
class Step:
    """A fenced block, and the file that the line before it names: ``Write `FILE`:`` or ``In `FILE`:``, else nothing."""

    language: str
    content: str
    file: str


def steps(page: str) -> list[Step]:
    """All fenced blocks, in the order of the page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(r"(?:^(?:Write|In) `([^`]+)`:\n\n)?^```(\w+)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [Step(language, content, file) for file, language, content in found]


def apply(step: Step, root: Path) -> None:
    """Write the file that the step names, or edit it."""
    path = root / step.file
    if step.language != "diff":
        assert not path.exists(), step.file
        path.write_text(step.content, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    for hunk in step.content.split("\n\n"):
        lines = hunk.splitlines()
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] in kept) for kept in (" -", " +"))
        assert text.count(before) == 1, f"{step.file} has not one place of\n{before}"
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
