"""The list of claims."""

from analysis.claims import directions
from analysis.claims.claim import UNMEASURED, Asked, Claim
from analysis.claims.evidence import Evidence, NotRecordedError

ASKED: tuple[Asked, ...] = (*directions.ASKED,)


def claims(evidence: Evidence | None = None) -> list[Claim]:
    """Judge every claim from the records.

    Args:
        evidence: The records; by default those in ``data/results``.

    Returns:
        The claims, in the order of the thesis. One whose records are missing is ``not yet measured``, and says which.

    Example:
        >>> {claim.name: claim.verdict for claim in claims()}
    """
    known = evidence or Evidence()
    return [_judge(asked, known) for asked in ASKED]


def _judge(asked: Asked, evidence: Evidence) -> Claim:
    try:
        measured, verdict, why = asked.answer(evidence)
    except NotRecordedError as error:
        measured, verdict, why = (), UNMEASURED, f"missing: {error}"
    return Claim(asked.name, asked.statement, asked.source, measured, verdict, why, asked.figure)
