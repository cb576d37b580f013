"""The plan of a study, kept beside its records: what is run together, on how many threads, whoever runs it."""

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

Names = tuple[str, ...]


class Group(list[Any]):
    """Specifications that are run together.

    Attributes:
        threads: On how many threads; None where that is left to who runs them.

    Example:
        >>> Group([first, second], threads=1).threads
        1
    """

    def __init__(self, members: Iterable[Any] = (), threads: int | None = None) -> None:
        super().__init__(members)
        self.threads = threads


def grouped(plan: Sequence[Sequence[Any]]) -> list[Group]:
    """Give every group of a plan the threads that it has, or that the whole plan has.

    Args:
        plan: Groups; ``threads`` may be an attribute of it or of each.

    Returns:
        The groups, in order.
    """
    shared = getattr(plan, "threads", None)
    return [Group(members, getattr(members, "threads", shared)) for members in plan]


class KeptPlan:
    """Groups that were planned once, and are planned so again.

    Members of a group depend on each other, and on the number of threads, in the last bits of their numbers. So a group
    of which some records are missing, as after an interruption while they were written, is run whole; what no kept
    group holds is planned anew, and its groups are kept. Groups of one are kept only where the plan says on how many
    threads they are run: nothing else depends on them.

    Args:
        store: Whose folders keep the plans, one file each.
        declared: All specifications, of which some are missing.
        plan: From specifications to groups, for those that are in no kept group; it may say on how many ``threads``.

    Example:
        >>> kept = KeptPlan(store, trials, plan)
        >>> run(function, trials, store, executor, plan=kept, amend=kept.amend)
    """

    def __init__(self, store: Store, declared: Iterable[Any], plan: Callable[[list[Any]], list[list[Any]]]) -> None:
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
            for names, threads in _read(file):
                members = [(file, name) for name in names]
                if any(member in wanted for member in members) and all(member in known for member in members):
                    groups.append(Group([known[member] for member in members], threads))
                    for member in members:
                        wanted.pop(member, None)
        fresh = grouped(self._plan(list(wanted.values()))) if wanted else []
        self._keep(fresh)
        return [*groups, *fresh]

    def amend(self, group: Sequence[Any], halves: tuple[Sequence[Any], Sequence[Any]]) -> None:
        """Replace a group, such as one that found too little memory, by its halves.

        Args:
            group: As it was planned.
            halves: What is run instead.
        """
        self._keep(grouped(halves), instead_of=group)

    def _keep(self, groups: Iterable[Group], instead_of: Sequence[Any] | None = None) -> None:
        """Add groups to the files; a group leaves where one of its members is in a newer one."""
        newer: dict[Path, list[tuple[Names, int | None]]] = {}
        if instead_of is not None:
            newer[self._file(instead_of[0])] = []
        for group in groups:
            if len(group) > 1 or group.threads is not None:
                newer.setdefault(self._file(group[0]), []).append((tuple(map(identity, group)), group.threads))
        gone = set(map(identity, instead_of or ()))
        for file, added in newer.items():
            moved = gone.union(*(names for names, _ in added))
            kept = [(names, threads) for names, threads in _read(file) if moved.isdisjoint(names)]
            groups_of_file, threads_of_file = zip(*kept, *added, strict=True) if kept or added else ((), ())
            content = {"groups": groups_of_file, "threads": threads_of_file}
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps(content, indent=1).encode())

    def _file(self, spec: Any) -> Path:
        return self._store.path(spec).parent / FILE


def _read(file: Path) -> list[tuple[Names, int | None]]:
    """Names of the members of each group, and its threads."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        groups = [tuple(map(str, names)) for names in content["groups"]]
        return list(zip(groups, content.get("threads", [None] * len(groups)), strict=True))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("plan %s is unreadable, set aside and made anew (%s)", file, error)
        with suppress(OSError):
            file.replace(file.with_name(f"{FILE}.broken"))
        return []
