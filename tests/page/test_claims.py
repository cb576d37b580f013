"""Claims stand on top, each with its verdict, and lead to their figures."""

from pathlib import Path

import pytest

from analysis.claims import Claim, Measured
from analysis.page import write_page
from tests.page.conftest import Reader

NUMBERS = (Measured("accuracy", 85.15, 84.7, 85.6, "%"),)
CLAIMS = (
    Claim("data", "Data is the main factor.", "arXiv 0", NUMBERS, "holds", "It rises.", "letters/data_scaling"),
    Claim("tails", "Tails are <useful>.", "arXiv 1", NUMBERS, "does not hold here", "They are not.", "mnist/spectrum"),
    Claim("edm", "It needs EDM.", "arXiv 2", (), "not testable here", "Too long.", ""),
)


@pytest.fixture
def reading(figures: Path, reader: Reader) -> Reader:
    return reader.open(write_page(figures, CLAIMS))


def test_every_claim_has_its_verdict_numbers_and_reason(reading: Reader) -> None:
    found = reading.ask("[...document.querySelectorAll('.claims > li')].map((each) => each.textContent)")
    for claim, text in zip(CLAIMS, found, strict=True):
        words = [claim.statement, claim.verdict, claim.why, claim.source, *(each.text for each in claim.measured)]
        assert [word for word in words if word not in text] == []
    tally = reading.ask("document.querySelector('.tally').innerText").split("\n")
    assert " ".join(tally) == "holds 1 does not hold here 1 not testable here 1"


def test_a_claim_leads_to_its_figure_where_that_is_drawn(reading: Reader) -> None:
    links = reading.ask("[...document.querySelectorAll('.claims a')].map((each) => each.getAttribute('href'))")
    assert links == ["#letters-data_scaling"], "of the others one is not drawn, and one has no figure"
    reading.ask("document.querySelector('.claims a').click()")
    reading.wait("new Promise((done) => setTimeout(done, 100))")
    assert reading.ask("document.getElementById('letters-data_scaling').hidden") is False


def test_claims_come_first(reading: Reader) -> None:
    assert reading.ask("document.querySelector('main section').id") == "claims"
    assert reading.ask("document.querySelector('nav a').getAttribute('href')") == "#claims"
