"""The data directory as commands use it: opened for one command, closed after it."""

import argparse
import asyncio
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ghostcells.commands.output import builtins
from ghostcells.commands.settings import data_dir_of, settings_of
from ghostcells.domain.errors import GhostcellsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ghostcells.app import Data
    from ghostcells.domain.examples import Example

_PAGE = 500


class NotFound(GhostcellsError):
    """What was asked for is not there."""


@contextmanager
def opened(options: argparse.Namespace) -> "Iterator[Data]":
    """The data that the options name."""
    from ghostcells.app import open_data

    with open_data(data_dir_of(options), settings_of(options)) as data:
        yield data


def answered(result: Any) -> Any:
    """A query's result as the protocol's JSON; queries may be coroutines."""
    if inspect.isawaitable(result):

        async def wait() -> Any:
            return await result

        result = asyncio.run(wait())
    return builtins(result)


def all_examples(data: "Data") -> "Iterator[Example]":
    after = 0
    while rows := data.examples.all_rows(after, _PAGE):
        yield from data.examples.load(rows)
        after = rows[-1]


def found_example(data: "Data", wanted: str) -> "Example":
    """The example of an id, or of the beginning of one."""
    exact = data.examples.by_id(wanted)
    if exact is not None:
        return exact
    matches = [example for example in all_examples(data) if example.id.startswith(wanted)] if wanted else []
    if not matches:
        raise NotFound(f"no example has the id {wanted!r}: `ghostcells examples list` shows all")
    if len(matches) > 1:
        raise NotFound(f"{len(matches)} examples begin with {wanted!r}: {_ids(matches)}")
    return matches[0]


def _ids(examples: "Sequence[Example]") -> str:
    return ", ".join(example.id for example in examples[:5])
