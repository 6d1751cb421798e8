"""The guide in two languages: code, formulas, pictures and numbers are equal in each section."""

import re
from itertools import zip_longest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
HEADING = re.compile(r"^(#+) .+$", re.M)
CODE = re.compile(r"^```\w[^\n]*\n.*?^```$", re.M | re.S)
DISPLAYED = re.compile(r"^\$\$\n.*?^\$\$$", re.M | re.S)
FORMULA = re.compile(r"\$[^$\n]+\$")
TARGET = re.compile(r"(!?)\[[^]]*\]\(([^)]+)\)")
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def sections(page):
    """The parts of each section that a translation keeps. The order of formulas and numbers may differ."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = []
    codes = CODE.findall(text)
    for part in re.split(r"^(?=#)", CODE.sub("```", text), flags=re.M)[1:]:
        code = [codes.pop(0) for _ in range(part.count("```"))]
        prose = DISPLAYED.sub("", part)
        targets = TARGET.findall(prose)
        words = TARGET.sub("", FORMULA.sub("", prose))
        found.append(
            {
                "level": HEADING.match(part)[1],
                "code": code,
                "displayed formulas": DISPLAYED.findall(part),
                "pictures": [target for mark, target in targets if mark],
                "links": sorted(target for mark, target in targets if not mark and not target.startswith("gradients")),
                "formulas": sorted(FORMULA.findall(prose)),
                "numbers": sorted(NUMBER.findall(words), key=float),
            }
        )
    return found


@pytest.mark.parametrize("aspect", ["level", "code", "displayed formulas", "pictures", "links", "formulas", "numbers"])
def test_the_english_and_chinese_guides_agree(aspect):
    english, chinese = ([section[aspect] for section in sections(page)] for page in ("gradients.md", "gradients.zh.md"))
    for number, (one, other) in enumerate(zip_longest(english, chinese), 1):
        assert one == other, f"{aspect} of section {number}"


def test_each_language_links_to_the_other():
    assert "(gradients.zh.md)" in (DOCS / "gradients.md").read_text(encoding="utf-8")
    assert "(gradients.md)" in (DOCS / "gradients.zh.md").read_text(encoding="utf-8")
