"""A folder with an invented service's log, so that what the demonstration runs is real and harms nothing."""

from pathlib import Path

LOG = "orders.log"
_ORDERS = """\
2026-03-02T08:01:12 eu-west PAID 42.50
2026-03-02T08:03:40 us-east PAID 18.00
2026-03-02T08:07:02 eu-west FAILED 99.90
2026-03-02T08:09:55 ap-south PAID 12.75
2026-03-02T08:14:31 test FAILED 1.00
2026-03-02T08:15:08 eu-west FAILED 23.10
2026-03-02T08:21:19 us-east PAID 64.20
2026-03-02T08:22:47 test FAILED 1.00
2026-03-02T08:30:06 ap-south FAILED 35.00
2026-03-02T08:31:58 eu-west PAID 7.99
2026-03-02T08:44:13 us-east OPEN 110.00
2026-03-02T08:52:36 eu-west FAILED 54.30
"""


def furnish(folder: Path) -> Path:
    """Make the folder and what the runbook speaks of in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LOG).write_text(_ORDERS, encoding="utf-8")
    return folder
