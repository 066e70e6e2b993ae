"""One file a format: how readings come in."""

from fangxian.spine.observe.intake.sl651.body import Message, decode_message
from fangxian.spine.observe.intake.sl651.frame import Assembler, cut_frames, decode_frame


def read_raw(raw: bytes) -> Message:
    """Decode what is kept beside a record: one frame, or the packets of one message in a row."""
    assembler = Assembler()
    for packet in cut_frames(bytearray(raw)):
        whole = assembler.add(decode_frame(packet))
        if whole is not None:
            return decode_message(whole.frame)
    return decode_message(decode_frame(raw))
