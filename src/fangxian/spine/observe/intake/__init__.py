"""One file or folder a format: how readings come in. Each gives batches, which `Intake.accept` of
`observe/write.py` judges and stores, whatever the door."""

from collections.abc import Callable

from .batch import Arrival, Batch
from .rows import read_rows
from .sl651.assemble import Assembler
from .sl651.body import decode_message
from .sl651.frame import cut_frames, decode_frame
from .sl651.readings import batch_of


def read_sl651(raw: bytes) -> Batch:
    """One frame, or the packets of one message in a row."""
    assembler = Assembler()
    for packet in cut_frames(bytearray(raw)):
        whole = assembler.add(decode_frame(packet))
        if whole is not None:
            return batch_of(decode_message(whole.frame))
    return batch_of(decode_message(decode_frame(raw)))


# How the bytes kept beside a record are read again, by the name of their format.
INTAKES: dict[str, Callable[[bytes], Batch]] = {"sl651": read_sl651, "rows": read_rows}


def read_raw(raw: bytes, form: str = "sl651") -> Batch:
    """What is kept, as it was meant."""
    return INTAKES[form](raw)


__all__ = ["INTAKES", "Arrival", "Batch", "read_raw"]
