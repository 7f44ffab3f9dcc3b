"""The numbers of publishes: one more for each of a notebook, and never a smaller one than an editor may remember."""

KEPT_CLOSED = 256
"""Of so many closed notebooks the number is known still."""


class Revisions:
    """Of open notebooks and the last ones closed; one closed before goes on above all the numbers that were dropped.

    An editor keeps the last number that it drew of a notebook over closing it as well.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._closed: dict[str, None] = {}
        self._floor = 0

    def __len__(self) -> int:
        return len(self._last)

    def next(self, notebook: str) -> int:
        self._closed.pop(notebook, None)
        number = self._last[notebook] = self._last.get(notebook, self._floor) + 1
        return number

    def closed(self, notebook: str) -> None:
        if notebook not in self._last:
            return
        self._closed[notebook] = None
        if len(self._closed) > KEPT_CLOSED:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            self._floor = max(self._floor, self._last.pop(oldest))
