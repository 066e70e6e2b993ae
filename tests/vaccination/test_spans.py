"""Spans as rules write them."""

import pytest

from fangxian.hazards.epidemic.vaccination.spans import period
from fangxian.kernels.vaccine.rules import Period


@pytest.mark.parametrize(
    ("text", "months", "off"),
    [("18 months - 4 days", 18, -4), ("6 yrs - 4 days", 72, -4), ("12 months + 4 weeks", 12, 28),
     ("16 years - 4 months", 188, 0), ("0 days", 0, 0)],
)  # fmt: skip
def test_a_span_is_read_as_it_is_written(text, months, off):
    assert period(text) == Period(months, off)


def test_what_is_no_span_is_refused():
    assert (period(" n/a "), period("")) == (None, None)
    with pytest.raises(ValueError, match="four weeks"):
        period("four weeks")
