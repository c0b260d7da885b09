"""Named points between two steps at which a test ends the process, as a power cut would.

Outside tests every point is an empty function. A test sets FAULT_POINT to `name:count`: the process kills itself at the count-th
passage of that point.
"""

import os
import signal

POINTS = frozenset(
    {
        "submit.before_commit",
        "submit.after_commit",
        "dispatch.before_send",
        "dispatch.after_send",
        "settle.before_commit",
        "settle.after_commit",
        "receive.before_commit",
        "receive.after_commit",
        "receipt.before_commit",
        "receipt.after_commit",
        "notify.before_deliver",
        "notify.after_deliver",
        "notify.before_commit",
        "notify.after_commit",
        "take.before_commit",
        "take.after_commit",
        "cancel.before_commit",
        "expire.before_commit",
    }
)


def _pass(name: str) -> None:
    """What a point does outside tests."""


class _Armed:
    def __init__(self, wanted: str, count: int) -> None:
        if wanted not in POINTS:
            raise ValueError(f"there is no fault point {wanted}")
        self.wanted = wanted
        self.left = count

    def __call__(self, name: str) -> None:
        if name == self.wanted:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


_setting = os.environ.get("FAULT_POINT")
point = _Armed(_setting.partition(":")[0], int(_setting.partition(":")[2] or 1)) if _setting else _pass
