"""The tables behind figures, computed from the records that are kept."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.runner import Store
from analysis.studies import find
from analysis.studies.preset import Preset
from analysis.studies.presets import PRESETS
from analysis.studies.sources import decided
from analysis.studies.study import Records, Study

RESULTS = Path("data/results")


class NotRecordedError(LookupError):
    """Records that a claim needs have not been made."""


class Evidence:
    """Tables of figures, each computed once, by the code that draws the figure.

    Args:
        results: Folder of the records, those of each data set in a folder of its own.

    Example:
        >>> Evidence().table("mnist", "subspace_accuracy")["value"].mean()
    """

    def __init__(self, results: str | Path = RESULTS) -> None:
        self._store = Store(results, drawer=attrgetter("dataset"))
        self._tables: dict[tuple[str, str], Mapping[str, pd.DataFrame]] = {}

    def table(self, preset: str, study: str, suffix: str = "") -> pd.DataFrame:
        """One of a figure's tables.

        Args:
            preset: Name of the preset.
            study: Name of the study.
            suffix: Of the table, as in its file's name.

        Returns:
            The table; not to be changed.

        Raises:
            NotRecordedError: If records are missing; the message says which.
        """
        if (preset, study) not in self._tables:
            records, grid = self.records(preset, study), self.preset(preset, study)
            self._tables[preset, study] = find(study).draw(grid, records).tables
        return self._tables[preset, study][suffix]

    def preset(self, preset: str, study: str) -> Preset:
        """The grid of a study, with what other studies' records decide.

        Args:
            preset: Name of the preset.
            study: Name of the study.

        Returns:
            The preset.
        """
        declared, asking = PRESETS[preset], find(study)
        return decided(asking, declared, lambda source, specs: self._read(source, declared, specs))

    def records(self, preset: str, study: str) -> Records:
        """Records of a study.

        Args:
            preset: Name of the preset.
            study: Name of the study.

        Returns:
            From specification to record.
        """
        asking, chosen = find(study), self.preset(preset, study)
        return self._read(asking, chosen, asking.trials(chosen))

    def repeats(self, preset: str, study: str, **chosen: object) -> NDArray[np.float64]:
        """Values of one point of a study that tables measures, by seed.

        Args:
            preset: Name of the preset.
            study: Name of the study.
            **chosen: Values of columns that choose the rows, such as ``measure="accuracy"``.

        Returns:
            One value per seed, seeds rising.

        Raises:
            LookupError: If no row is chosen, or several of one seed.
        """
        rows = self.table(preset, study)
        for column, value in chosen.items():
            rows = rows[rows[column] == value]
        if rows.empty or rows["seed"].duplicated().any():
            raise LookupError(f"{chosen} chooses {len(rows)} rows of {study} on {preset}, not one of each seed")
        return rows.sort_values("seed")["value"].to_numpy(dtype=np.float64)

    def _read(self, study: Study, preset: Preset, specs: Sequence[Any]) -> Records:
        missing = [spec for spec in specs if spec not in self._store]
        if missing:
            raise NotRecordedError(f"{len(missing)} of {len(specs)} records of {study.name} on {preset.name}")
        return {spec: self._store[spec] for spec in specs}
