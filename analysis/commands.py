"""What the command line does: run studies' missing trials, and draw their figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from analysis import runner, trials
from analysis.gallery import Gallery, Printed, drawing_key, printed
from analysis.ledger import Status, certified_at, origins, status, table
from analysis.plots import house_style
from analysis.studies import STUDIES
from analysis.studies.preset import Preset
from analysis.studies.presets import PRESETS
from analysis.studies.sources import decided, needed
from analysis.studies.study import Drawing, Records, Study

if TYPE_CHECKING:
    import pandas as pd

RESULTS = Path("data/results")


class MissingRecordsError(LookupError):
    """A figure was asked for whose trials have not been run."""


@dataclass(frozen=True)
class Workshop:
    """One preset, with the places its data, records and figures have.

    Attributes:
        preset: Before the learning rates are chosen.
        figures: Name of the folder of its figures, in the gallery.
        gallery: Where figures go; None where none is drawn.
        data_dir: Folder of the data sets.
        executor: Name of the executor.
        device: Torch device, or None for the best there is.
        radius: L2 radius to draw at instead of the preset's; training is not changed by it.
        fresh: Whether to run again what is recorded.
        about: What data of the user's is like, in lines; empty where the data is the preset's own.

    Example:
        >>> Workshop(PRESETS["mnist"]).drawing(STUDIES["data_scaling"]).figure
    """

    preset: Preset
    figures: str = ""
    gallery: Gallery | None = None
    data_dir: Path | None = None
    executor: str = "processes"
    device: str | None = None
    radius: float | None = None
    fresh: bool = False
    about: str = ""

    @property
    def store(self) -> runner.Store:
        """Records, those of each data set in a folder of its own."""
        return runner.Store(RESULTS, drawer=attrgetter("dataset"))

    @property
    def walls(self) -> Gallery:
        """The gallery, which a workshop that draws has."""
        if self.gallery is None:
            raise ValueError("a workshop without a gallery draws nothing into it: ask for the drawing")
        return self.gallery

    def shelf(self, study: Study) -> str:
        """Folder of a study's figure."""
        return study.shelf or self.figures

    def has(self, study: Study) -> bool:
        """Whether the study asks something of this preset."""
        return study.shelf is not None or bool(study.trials(self.preset))

    def keeps(self, study: Study) -> bool:
        """Whether the study's records are kept with the code, the same for every preset."""
        return study.shelf is not None and bool(study.trials(self.preset))

    def run(self, studies: Sequence[Study]) -> int:
        """Run what the studies' figures need, learning rates and paces first, trials that they share once.

        Args:
            studies: Which.

        Returns:
            The number of trials that were run.
        """
        deciding = [needed(study, self.preset) for study in studies]
        first = [spec for found in deciding for specs in found.values() for spec in specs]
        count = self._run(first)
        rest = [spec for study in studies for spec in self._trials(study) if spec not in first]
        return count + self._run(rest)

    def name(self, study: Study) -> str:
        """Of a study's figure, with its folder."""
        return f"{self.shelf(study)}/{study.name}"

    def outdated(self, study: Study) -> str | None:
        """Find out whether a study's figure has to be drawn.

        Args:
            study: Which.

        Returns:
            The key under which it is to be kept; None where it is up to date.

        Raises:
            MissingRecordsError: If trials have not been run; the message says how to run them.
            ValueError: If there is no gallery.
        """
        preset, specs = self._recorded(study)
        key = drawing_key(None if study.shelf else preset, [self.store.path(spec) for spec in specs])
        return None if self.walls.is_current(self.name(study), key) else key

    def printed(self, study: Study) -> Printed:
        """Draw a study's figure from its records, and write nothing.

        Args:
            study: Which.

        Returns:
            Its files; the same bytes in any process, on any number of threads.
        """
        with threadpool_limits(1):  # a sum's order depends on its threads
            return printed(self.drawing(study))

    def drawing(self, study: Study) -> Drawing:
        """Draw a study's figure from its records, and write nothing: for notebooks.

        Args:
            study: Which.

        Returns:
            The figure, the numbers behind it, and its caption.

        Raises:
            MissingRecordsError: If trials have not been run; the message says how to run them.
        """
        preset, specs = self._recorded(study)
        records = {spec: self.store[spec] for spec in specs}
        with house_style():
            drawing = study.draw(preset, records)
        return replace(drawing, caption=f"{drawing.caption} {origins(records)}".strip())

    def status(self, study: Study) -> Status:
        """Count what is done, missing and failed.

        Args:
            study: Which.

        Returns:
            The counts.

        Raises:
            MissingRecordsError: If its trials are not known, for want of learning rates.
        """
        specs = self._trials(study)
        return status(specs, self._headers(specs), self.store.failures(specs))

    def table(self, study: Study) -> "tuple[pd.DataFrame, int]":
        """Make one table of a study's records.

        Args:
            study: Which.

        Returns:
            A row per recorded trial, with certified accuracy at all radii of the preset; the number of its trials.

        Raises:
            MissingRecordsError: If its trials are not known, for want of learning rates.
        """
        specs = self._trials(study)
        radii = {*self.preset.radii, self.preset.radius, *([] if self.radius is None else [self.radius])}
        return table(self._headers(specs, certified_at(radii))), len(set(specs))

    def asked_for(self) -> dict[str, set[str]] | None:
        """Name the records that the studies ask for, by data set; None where the search for some rate is half done.

        Its choice decides what other studies ask for; where it has no record, nothing can have been run on it. So with
        paces.

        Returns:
            Names of records, as from ``runner.identity``.
        """
        specs: list[Any] = []
        for study in filter(self.has, STUDIES.values()):
            recorded: dict[str, int] = {}
            for name, group in needed(study, self.preset).items():
                recorded[name] = sum(spec in self.store for spec in group)
                if 0 < recorded[name] < len(group):
                    return None
            preset = decided(study, self.preset, lambda _, group: self._those_of(group))
            specs += [spec for spec in study.trials(preset) if recorded.get(self._decision(spec), 1)]
        return {name: set(map(runner.identity, group)) for name, group in _by_dataset(specs).items()}

    def _run(self, specs: Sequence[Any]) -> int:
        groups = _by_dataset(specs)
        missing = [spec for dataset, group in groups.items() for spec in self._missing(dataset, group)]
        one_here = len(missing) <= 1 and self.executor.startswith("processes")
        name = "serial" if one_here or not missing else self.executor
        there = self.data_dir if name == "serial" or self.data_dir is None else self.data_dir.absolute()
        function = partial(trials.run_trials, data_dir=there, device=self.device)
        plan = runner.KeptPlan(self.store, specs, partial(trials.plan, data_dir=self.data_dir))
        options = {"plan": plan, "amend": plan.amend, "fresh": True}  # all of these, whatever is recorded
        with runner.executor(name, self.device) as executor:
            return runner.run(function, missing, self.store, executor, **options)  # type: ignore[arg-type]

    def _missing(self, dataset: str, specs: list[Any]) -> list[Any]:
        """What has to be run; records count without the data where that is not here to compare."""
        try:
            content = trials.content(dataset, self.data_dir)
        except (FileNotFoundError, ValueError):
            if self.fresh or self.store.missing(specs):
                raise
            return []
        return specs if self.fresh else self.store.missing(specs, content=content)

    def _headers(self, specs: Sequence[Any], summary: runner.Summary | None = None) -> dict[Any, dict[str, Any]]:
        """Of the records that would not be run again; where the data is not here to compare, any whole record."""
        found: dict[Any, dict[str, Any]] = {}
        for dataset, group in _by_dataset(specs).items():
            try:
                content = trials.content(dataset, self.data_dir)
            except (FileNotFoundError, ValueError):
                content = {}
            found |= self.store.headers(group, content=content, summary=summary)
        return {spec: found[spec] for spec in dict.fromkeys(specs) if spec in found}

    def _trials(self, study: Study) -> Sequence[Any]:
        if not self.has(study):
            raise ValueError(
                f"{study.name} has nothing to run or draw in preset {self.preset.name}: it asks for no trial"
            )
        return study.trials(self._preset(study))

    def _recorded(self, study: Study) -> tuple[Preset, Sequence[Any]]:
        """Preset and trials of a study of which none is missing."""
        specs = self._trials(study)
        self._refuse_missing(study, specs)
        return self._preset(study), specs

    def _preset(self, study: Study) -> Preset:
        def recorded(source: Study, specs: Sequence[Any]) -> Records:
            self._refuse_missing(source, specs, wanted_by=study)
            return self._those_of(specs)

        chosen = decided(study, self.preset, recorded)
        return chosen if self.radius is None or not study.tuned else replace(chosen, radius=self.radius)

    def _those_of(self, specs: Sequence[Any]) -> dict[Any, Any]:
        """Records, as far as there are any."""
        return {spec: self.store[spec] for spec in specs if spec in self.store}

    def _decision(self, spec: Any) -> str:
        """What has to be decided for a specification, as :func:`needed` calls it."""
        return self.preset.name_of(spec) if isinstance(spec, trials.Trial) else ""

    def _refuse_missing(self, study: Study, specs: Sequence[Any], wanted_by: Study | None = None) -> None:
        missing = [spec for spec in specs if spec not in self.store]
        if missing:
            places = ", ".join(dict.fromkeys(spec.dataset for spec in missing))
            raise MissingRecordsError(
                f"{len(missing)} of {len(specs)} trials of {study.name} on {places} have not been run: "
                f"python -m analysis run {(wanted_by or study).name}{self._request(study)}"
            )

    def _request(self, study: Study) -> str:
        """The options that lead to the same records."""
        own = self.preset.dataset != PRESETS.get(self.preset.name, self.preset).dataset
        dataset = f" --dataset {quote(self.preset.dataset)}" if own else ""
        preset = "" if study.shelf else f" --preset {self.preset.name}{dataset}"
        return preset if self.data_dir is None else f"{preset} --data-dir {quote(str(self.data_dir))}"


def _by_dataset(specs: Iterable[Any]) -> dict[str, list[Any]]:
    """Each specification once."""
    groups: dict[str, list[Any]] = {}
    for spec in dict.fromkeys(specs):
        groups.setdefault(spec.dataset, []).append(spec)
    return groups


__all__ = ["PRESETS", "MissingRecordsError", "Workshop"]
