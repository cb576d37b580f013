"""The claims of the thesis, each with what was measured here and a verdict computed from the numbers."""

from analysis.claims.all_of_them import claims
from analysis.claims.claim import VERDICTS, Claim, Measured
from analysis.claims.evidence import Evidence, NotRecordedError
from analysis.claims.page import page

__all__ = ["VERDICTS", "Claim", "Evidence", "Measured", "NotRecordedError", "claims", "page"]
