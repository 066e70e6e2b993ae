"""What the first page after a start would wait for is made beside it; until then this process says
that it is not ready yet."""

import logging
import threading

from django.db import close_old_connections

from fangxian.spine.observe.gauges import gauges

log = logging.getLogger("fangxian.web")
DAY_S = 86400
_done = threading.Event()
_done.set()  # a process that serves no pages has nothing to warm


def warm() -> threading.Thread:
    """Begin it."""
    _done.clear()
    thread = threading.Thread(target=_warm, daemon=True, name="warm")
    thread.start()
    return thread


def is_warm() -> bool:
    return _done.is_set()


def _warm() -> None:
    try:
        gauges().window(DAY_S)
    except Exception as error:  # the pages make it then, and say what is wrong
        log.warning("not_warmed", exc_info=error)
    finally:
        close_old_connections()
        _done.set()
