"""What is said once in the life of a data directory: that something was learned, and where to see it."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from ghostcells.domain.events import AnyRecord, Executed
from ghostcells.domain.replies import Severity
from ghostcells.domain.words import one_line
from ghostcells.learning.lessons import taught_by
from ghostcells.runtime.ports import Client

logger = logging.getLogger(__name__)

MARKER = "announced-learning"
_SHOWN_CHARS = 60


class FirstLesson:
    """Tells of the first lesson. Of several daemons that learn at once, the one that makes the marker tells."""

    def __init__(self, data_dir: Path, client: Client) -> None:
        self._marker = data_dir / MARKER
        self._client = client
        self._told = False

    def committed(self, records: Iterable[AnyRecord]) -> None:
        if self._told:
            return
        lesson = next((one for record in records if isinstance(record, Executed) and (one := taught_by(record))), None)
        if lesson is not None:
            self._told = True
            if self._is_first():
                self._client.show_message(
                    f"Ghostcells has learned what you just ran ({one_line(lesson.text, _SHOWN_CHARS)}), and will suggest it in "
                    "situations like this one. It is kept on this computer: `ghostcells examples` lists what was learned and "
                    "can forget it.",
                    Severity.INFO,
                )

    def _is_first(self) -> bool:
        try:
            os.close(os.open(self._marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return False
        except OSError as error:
            logger.warning("What has been said once cannot be kept, so it is not said: %s", error)
            return False
        return True
