"""What the situation strip says of rain: the gauge with the most, and how many gauges are heard."""

from functools import partial

from fangxian.spine.command.figures import Figure, Shown
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.read import rain_extremes, reporting

HEADQUARTERS = "flood"
NOTHING = ("没有读数", "no reading")


def most(seat: Seat, *, hours: int) -> Shown:
    """The most rain of the last hours; a sum of a part of them is a lower bound and says so."""
    found = rain_extremes(hours=hours)
    if found is None:
        return Shown("—", below=NOTHING)
    station, rain = found
    until = f"{beijing(rain.until):%H:%M}"
    zh, en = f"至 {until}", f"until {until}"
    if rain.part:
        zh, en = f"{zh}（{rain.part} 分钟）", f"{en} ({rain.part} min)"
    link = f"/stations/{station.code}"
    return Shown(str(rain), ("mm", "mm"), (zh, en), link, name=station.name)


def heard(seat: Seat) -> Shown:
    """How many stations of all report."""
    n, all_ = reporting()
    below = ("谁没有来报", "who is silent")
    return Shown(str(n), (f"/{all_}", f"/{all_}"), below, "/gaps?rule=station-silent")


FIGURES = (
    Figure("rain-1h", "1 小时最大雨量", "Most rain in 1 h", HEADQUARTERS, partial(most, hours=1)),
    Figure(
        "rain-24h", "24 小时最大雨量", "Most rain in 24 h", HEADQUARTERS, partial(most, hours=24)
    ),
    Figure("stations", "在线测站", "Stations reporting", HEADQUARTERS, heard),
)
