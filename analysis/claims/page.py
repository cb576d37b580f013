"""The page of claims."""

from collections import Counter
from collections.abc import Sequence

from analysis.claims.claim import VERDICTS, Claim

HEAD = """# Claims of the thesis, and what was measured here

Written by `python -m analysis claims`, from the records: no number is typed, and a test compares this page with the
records. Intervals are at 90 %, Student's t over seeds (subset, initial weights, order); all runs on one data set share
its test images. A verdict follows from the rule that its reason states, and speaks of these data sets, networks and
budgets alone: two cores, where the thesis had days of an A100.
"""


def page(claims: Sequence[Claim]) -> str:
    """Write all claims down.

    Args:
        claims: In the order in which they stand.

    Returns:
        Markdown: a table of all verdicts, then a section for each claim.

    Example:
        >>> Path("docs/claims.md").write_text(page(claims()))
    """
    counts = Counter(claim.verdict for claim in claims)
    counted = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    rows = [f"| [{claim.statement}](#{claim.name}) | {claim.verdict} |" for claim in claims]
    table = "\n".join(["| Claim | Verdict |", "|---|---|", *rows])
    sections = "\n".join(_section(claim) for claim in claims)
    return f"{HEAD}\n{len(claims)} claims: {counted}.\n\n{table}\n{sections}"


def _section(claim: Claim) -> str:
    figure = f"[{claim.figure}](../figures/{claim.figure}.png)" if claim.figure else "none"
    lines = [f"- Measured: {claim.measurement}."] if claim.measured else []
    return "\n".join(
        [
            f"\n## {claim.name}\n",
            f"{claim.statement}\n",
            f"- Source: {claim.source}.",
            *lines,
            f"- Verdict: **{claim.verdict}**. {claim.why}",
            f"- Figure: {figure}.",
        ]
    )
