"""What was recorded in a transaction, until it ends. The chain has one end, and who adds to it
holds it until the commit: so events are written last of all, and several workers can work beside
each other. Numbers of events then follow the order of commits: whoever reads the log by number
misses none."""

from typing import Any


class HoldsEvents:
    """A part of a database wrapper: what the open transaction has recorded, of which the first
    ``written`` events are in the log."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recorded: list[Any] = []
        self.written = 0
        self._marks: dict[str, tuple[int, int]] = {}

    def write_pending(self) -> None:
        """Chain and write what was recorded until now: at the commit, or before the log is read."""
        events = self.recorded[self.written :]
        if events:
            from .events import chain  # its tables are known only now

            self.written = len(self.recorded)  # first: chain reads the log itself
            chain(events)

    def commit(self) -> None:
        if self.written < len(self.recorded):
            self.in_atomic_block = True  # Django has just said that it is none
            try:
                self.write_pending()
            except BaseException:
                self.in_atomic_block = False
                self.rollback()
                raise
            self.in_atomic_block = False
        self._forget()
        super().commit()  # type: ignore[misc]

    def rollback(self) -> None:
        self._forget()
        super().rollback()  # type: ignore[misc]

    def connect(self) -> None:
        self._forget()
        super().connect()  # type: ignore[misc]

    def close(self) -> None:
        self._forget()
        super().close()  # type: ignore[misc]

    def _forget(self) -> None:
        self.recorded, self.written = [], 0
        self._marks.clear()

    def _savepoint(self, sid: str) -> None:
        self._marks[sid] = len(self.recorded), self.written
        super()._savepoint(sid)  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        most, written = self._marks.get(sid, (len(self.recorded), self.written))
        del self.recorded[most:]
        self.written = min(self.written, written)  # what was written since is undone
        for event in self.recorded[self.written :]:
            event.pk = None
        super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _savepoint_commit(self, sid: str) -> None:
        super()._savepoint_commit(sid)  # type: ignore[misc]
        self._marks.pop(sid, None)
