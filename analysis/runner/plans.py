"""The plan of a study, kept beside its records: which specifications are run together, whoever runs them."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from analysis.runner.files import write_whole
from analysis.runner.store import Store, identity

logger = logging.getLogger(__name__)
FILE = "plan.json"

Group = list[Any]
Names = tuple[str, ...]


class KeptPlan:
    """Groups that were planned once, and are planned so again.

    Members of a group depend on each other in the last bits of their numbers. So a group of which some records are
    missing, as after an interruption while they were written, is run whole; what no kept group holds is planned anew,
    and its groups are kept. Groups of one are not kept: nothing depends on them.

    Args:
        store: Whose folders keep the plans, one file each.
        declared: All specifications, of which some are missing.
        plan: From specifications to groups, for those that are in no kept group.

    Example:
        >>> kept = KeptPlan(store, trials, plan)
        >>> run(function, trials, store, executor, plan=kept, amend=kept.amend)
    """

    def __init__(self, store: Store, declared: Iterable[Any], plan: Callable[[list[Any]], list[Group]]) -> None:
        self._store, self._plan = store, plan
        self._declared = {(self._file(spec), identity(spec)): spec for spec in declared}

    def __call__(self, missing: Sequence[Any]) -> list[Group]:
        """Group what is missing, and the rest of broken groups.

        Args:
            missing: Specifications without a record.

        Returns:
            Groups that hold all of them, the kept ones first.
        """
        wanted = {(self._file(spec), identity(spec)): spec for spec in missing}
        known = self._declared | wanted
        groups = []
        for file in dict.fromkeys(file for file, _ in wanted):
            for names in _read(file):
                members = [(file, name) for name in names]
                if any(member in wanted for member in members) and all(member in known for member in members):
                    groups.append([known[member] for member in members])
                    for member in members:
                        wanted.pop(member, None)
        fresh = self._plan(list(wanted.values())) if wanted else []
        self._keep(group for group in fresh if len(group) > 1)
        return [*groups, *fresh]

    def amend(self, group: Group, halves: tuple[Group, Group]) -> None:
        """Replace a group, such as one that found too little memory, by its halves.

        Args:
            group: As it was planned.
            halves: What is run instead.
        """
        self._keep([half for half in halves if len(half) > 1], instead_of=group)

    def _keep(self, groups: Iterable[Group], instead_of: Group | None = None) -> None:
        """Add groups to the files; a group leaves where one of its members is in a newer one."""
        newer: dict[Path, list[Names]] = {}
        if instead_of is not None:
            newer[self._file(instead_of[0])] = []
        for group in groups:
            newer.setdefault(self._file(group[0]), []).append(tuple(map(identity, group)))
        gone = set(map(identity, instead_of or ()))
        for file, added in newer.items():
            moved = gone.union(*added)
            kept = [names for names in _read(file) if moved.isdisjoint(names)]
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps({"groups": [*kept, *added]}, indent=1).encode())

    def _file(self, spec: Any) -> Path:
        return self._store.path(spec).parent / FILE


def _read(file: Path) -> list[Names]:
    try:
        return [tuple(map(str, names)) for names in json.loads(file.read_text(encoding="utf-8"))["groups"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("plan %s is unreadable, set aside and made anew (%s)", file, error)
        with suppress(OSError):
            file.replace(file.with_name(f"{FILE}.broken"))
        return []
