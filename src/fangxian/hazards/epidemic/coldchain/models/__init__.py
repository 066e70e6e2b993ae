"""Tables of the cold chain."""

from .events import EventItem, GoodsEvent, Job
from .lots import (
    DONE,
    GATES,
    LOT,
    NEXT,
    SEAL,
    Certificate,
    Declaration,
    Lot,
    LotLink,
    Paper,
    Scan,
    Visit,
)
from .samples import POSITIVE, SAMPLE, SPOILT, Positive, PositiveLot, PositivePerson, Sample
from .stores import Capacity, Hold, LoggerFile, Review, Shift, StockCount, Worker

__all__ = [
    "DONE",
    "GATES",
    "LOT",
    "NEXT",
    "POSITIVE",
    "SAMPLE",
    "SEAL",
    "SPOILT",
    "Capacity",
    "Certificate",
    "Declaration",
    "EventItem",
    "GoodsEvent",
    "Hold",
    "Job",
    "LoggerFile",
    "Lot",
    "LotLink",
    "Paper",
    "Positive",
    "PositiveLot",
    "PositivePerson",
    "Review",
    "Sample",
    "Scan",
    "Shift",
    "StockCount",
    "Visit",
    "Worker",
]
