"""The list of claims."""

from analysis.claims import activations, data, directions, hardness, layers, margins, samples
from analysis.claims.claim import UNMEASURED, Asked, Claim
from analysis.claims.evidence import Evidence, NotRecordedError
from analysis.claims.untested import UNTESTED

ASKED: tuple[Asked, ...] = (
    *data.ASKED,
    *samples.ASKED,
    *directions.ASKED,
    *hardness.ASKED,
    *layers.ASKED,
    *margins.ASKED,
    *activations.ASKED,
)


def claims(evidence: Evidence | None = None) -> list[Claim]:
    """Judge every claim from the records.

    Args:
        evidence: The records; by default those in ``data/results``.

    Returns:
        Those that can be asked of records or of theory, by subject, then the others. One whose records are missing is
        ``not yet measured``, and says which.

    Example:
        >>> {claim.name: claim.verdict for claim in claims()}
    """
    known = evidence or Evidence()
    return [*(_judge(asked, known) for asked in ASKED), *UNTESTED]


def _judge(asked: Asked, evidence: Evidence) -> Claim:
    try:
        measured, verdict, why = asked.answer(evidence)
    except NotRecordedError as error:
        measured, verdict, why = (), UNMEASURED, f"Missing are {error}."
    return Claim(asked.name, asked.statement, asked.source, measured, verdict, why, asked.figure)
