"""The demo's world: stations over the real places, and modelled rain and levels along Meranti's
real track. Every value made here is stored and shown as modelled."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from fangxian.hazards.flood.tables import river_marks
from fangxian.hazards.flood.typhoon.track import along, meranti
from fangxian.kernels.common.sphere import great_circle_km
from fangxian.kernels.hydro.typhoon_rain import cascade_m3_s, rain_rate_mm_h
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Station
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Place

from .storm_time import HOURS, STARTS_AT

STEP_S = 300
SOURCE = "demo: modelled along the JMA best track by R-CLIPER; position synthetic"

# river, county, town, name, catchment km2, storage h, zero m, m per sqrt(m3/s): invented, for the
# demo only; real marks and ratings of these rivers were not found.
RIVERS = [
    ("九龙江北溪", "350629", "华丰镇", "华丰", 6900, 9.0, 24.0, 0.055),
    ("九龙江北溪", "350629", "丰山镇", "丰山", 8200, 11.0, 12.0, 0.050),
    ("九龙江北溪", "350602", "浦南镇", "浦南", 8490, 12.0, 4.0, 0.052),
    ("九龙江北溪", "350603", "郭坑镇", "郭坑", 9200, 13.0, 2.6, 0.048),
    ("九龙江西溪", "350627", "船场镇", "船场", 620, 3.0, 62.0, 0.100),
    ("九龙江西溪", "350627", "靖城镇", "靖城", 2600, 6.0, 15.0, 0.075),
    ("九龙江西溪", "350627", "山城镇", "南靖", 1900, 5.0, 21.0, 0.080),
    ("九龙江西溪", "350602", "天宝镇", "郑店", 3400, 7.0, 9.0, 0.066),
    ("九龙江西溪", "350628", "小溪镇", "平和", 830, 3.5, 32.0, 0.095),
    ("花山溪", "350628", "文峰镇", "文峰", 540, 2.5, 28.0, 0.110),
    ("龙津溪", "350605", "武安镇", "长泰", 740, 3.0, 8.0, 0.100),
    ("漳江", "350622", "火田镇", "火田", 480, 2.5, 11.0, 0.110),
    ("漳江", "350622", "云陵镇", "云霄", 850, 3.5, 3.2, 0.090),
    ("鹿溪", "350623", "绥安镇", "漳浦", 600, 3.0, 5.0, 0.100),
    ("东溪", "350624", "南诏镇", "诏安", 950, 4.0, 4.5, 0.090),
    ("东溪", "350624", "官陂镇", "官陂", 260, 2.0, 40.0, 0.130),
]
STRANGER = "35990001"  # a station nobody has registered: quarantined


@dataclass
class World:
    """Stations and what they will measure: rain in tenths of mm per 5 minutes, shape (stations,
    steps); stage in cm above base, shape (rivers, steps)."""

    stations: list[Station]
    rivers: list[Station]
    rain_tenths: np.ndarray
    stage_cm: np.ndarray

    def station_rows(self) -> list[tuple[Station, int, int | None]]:
        """Each station with its row of rain and, for a river gauge, of stage."""
        n = len(self.stations) - len(self.rivers)
        return [
            (station, row, row - n if row >= n else None)
            for row, station in enumerate(self.stations)
        ]


def make_stations() -> tuple[list[Station], list[Station]]:
    """Enter a rain gauge in every town and the river gauges, with their duties and marks."""
    towns = Place.objects.filter(kind="town").order_by("code")
    more = {"origin": "modelled", "source": SOURCE}
    gauges = [
        add_station(code=f"7{n:07d}", name=f"{town.name}雨量站", place=town, by=SYSTEM, **more)
        for n, town in enumerate(towns, 1)
    ]
    rivers = []
    for n, (river, county, town_name, name, _, _, zero_m, _) in enumerate(RIVERS, 1):
        town = Place.objects.get(kind="town", code__startswith=county, name=town_name)
        rivers.append(
            add_station(
                code=f"7090{n:04d}",
                name=f"{name}站",
                place=town,
                by=SYSTEM,
                river=river,
                datum="黄海基面",
                level_base_m=zero_m,
                **more,
            )
        )
    return gauges + rivers, rivers


def make_marks(rivers: list[Station]) -> None:
    """Invented marks for the demo's river gauges, written as such."""
    rows = []
    for station, (*_, area, _, zero_m, rise) in zip(rivers, RIVERS, strict=True):
        top = rise * np.sqrt(area * 1.45)
        marks = {"SFZ": zero_m + 0.42 * top, "WRZ": zero_m + 0.55 * top, "GRZ": zero_m + 0.72 * top}
        source = "demo: synthetic mark, not a real one"
        rows += river_marks(station, {k: round(v, 2) for k, v in marks.items()}, source=source)
    load_thresholds(rows, by=SYSTEM)


def times_s() -> np.ndarray:
    """The ends of all 5-minute steps of the storm in its own time, epoch seconds."""
    first = STARTS_AT.timestamp() + STEP_S
    return first + STEP_S * np.arange(HOURS * 12)


def demo_stations() -> tuple[list[Station], list[Station]]:
    """The stations of the demo: all, and the river gauges among them."""
    stations = list(Station.objects.filter(source=SOURCE).order_by("id"))
    return stations, [station for station in stations if station.river]


def make_world(stations: list[Station], rivers: list[Station], *, seed: int = 1614) -> World:
    """Rain by R-CLIPER along the track times a fixed terrain factor and a storm's own bursts;
    levels by two linear reservoirs a basin and a square-root rating."""
    rng = np.random.default_rng(seed)
    at = times_s()
    lon, lat, wind = along(meranti(), at)
    place_lon = np.array([s.lon for s in stations])[:, None]
    place_lat = np.array([s.lat for s in stations])[:, None]
    distance = great_circle_km(lon=place_lon, lat=place_lat, lon2=lon, lat2=lat)
    rate = rain_rate_mm_h(distance_km=distance, wind_kt=wind)
    terrain = rng.lognormal(0.25, 0.42, (len(stations), 1))
    bursts = _bursts(rng, rate.shape)
    rain_mm = rate * terrain * bursts * (STEP_S / 3600)
    rain_mm[rain_mm < 0.02] = 0
    tenths = np.rint(np.cumsum(rain_mm, axis=1) * 10)
    tenths = np.minimum(np.diff(tenths, axis=1, prepend=0), 254).astype(int)
    area = np.array([row[4] for row in RIVERS], float)
    hours = np.array([row[5] for row in RIVERS], float)
    rise = np.array([row[7] for row in RIVERS])
    near = upstream(stations, rivers)
    basin = near @ (tenths / 10)
    flow = cascade_m3_s(rain_mm=0.7 * basin, area_km2=area, hours=hours, step_h=STEP_S / 3600)
    stage_cm = np.rint(100 * rise[:, None] * np.sqrt(flow + 0.02 * area[:, None]))
    return World(stations, rivers, tenths, stage_cm.astype(int))


def _bursts(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Rain comes in bands: a gamma factor smoothed over half an hour, mean 1."""
    raw = rng.gamma(0.6, 1 / 0.6, shape)
    kernel = np.hanning(9)[1:-1]
    smooth = np.apply_along_axis(lambda x: np.convolve(x, kernel / kernel.sum(), "same"), 1, raw)
    return np.asarray(smooth)


def upstream(stations: list[Station], rivers: list[Station]) -> np.ndarray:
    """Weights of the gauges that feed each river gauge: the nearest ones, as many as its size."""
    weights = np.zeros((len(rivers), len(stations)))
    for k, (station, row) in enumerate(zip(rivers, RIVERS, strict=True)):
        far = great_circle_km(
            lon=np.array([s.lon for s in stations]),
            lat=np.array([s.lat for s in stations]),
            lon2=np.array(station.lon),
            lat2=np.array(station.lat),
        )
        n = max(3, min(60, int(row[4] / 90)))
        weights[k, np.argsort(far)[:n]] = 1 / n
    return weights


def warnings(day: datetime = STARTS_AT) -> list[tuple[datetime, str, str | None]]:
    """The weather office's warnings of a storm that begins at ``day``, modelled from the track and
    the national definitions: (time, hazard, level or None for lifted)."""
    return [
        (day + timedelta(hours=1), "typhoon", "IV"),
        (day + timedelta(hours=10), "typhoon", "III"),
        (day + timedelta(hours=24), "typhoon", "II"),
        (day + timedelta(hours=30), "rain", "III"),
        (day + timedelta(hours=33), "typhoon", "I"),
        (day + timedelta(hours=56), "typhoon", "III"),
        (day + timedelta(hours=60), "rain", None),
        (day + timedelta(hours=66), "typhoon", None),
    ]
