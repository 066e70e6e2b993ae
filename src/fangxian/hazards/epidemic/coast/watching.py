"""What the tracks of vessels say: fences, silence where others are heard, meetings, landings,
loitering, doubled identities. Pure decisions over the fixes of a moment; each says what would have
been seen if it were false."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import shapely
from numpy.typing import NDArray

from fangxian.kernels.common.sphere import on_sphere, sphere_tree
from fangxian.kernels.geo.sea import EARTH_KM, apart_km, near_pairs, wandering
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.tracks import Row

from .rules import Fence, Sea
from .shore import nearest

FENCE, LOST, MEETING, LANDING, LOITERING, IDENTITY = (
    "sea_fence",
    "sea_lost",
    "sea_meeting",
    "sea_landing",
    "sea_loitering",
    "sea_identity",
)
STEP_S = 300  # at which two tracks are compared


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a track beyond its fixes."""

    number: str = ""
    kind: str = "unknown"
    in_port: bool = False  # by the reports she is in
    three_no: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """One finding about a track: of which rule, what is seen, what would be if it were false."""

    family: str
    track: str
    level: Level
    lon: float
    lat: float
    piece: int  # the nearest piece of shore
    zh: str
    en: str
    false_zh: str
    false_en: str
    other: str = ""  # a second track
    rule: str = ""
    more: Mapping[str, float] = field(default_factory=dict)


class Scene:
    """The newest fix of each track at a moment, as columns, with what is asked often."""

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        at: datetime,
        known: Mapping[str, Known],
        ports: NDArray[np.float64],
        rules: Sea,
    ) -> None:
        self.at, self.now_s, self.rules = at, int(at.timestamp()), rules
        self.tracks = [row[0] for row in rows]
        self.at_s = np.array([row[1] for row in rows], np.int64)
        self.lon = np.array([row[2] for row in rows], float)
        self.lat = np.array([row[3] for row in rows], float)
        self.sog = np.array([np.nan if row[4] is None else row[4] for row in rows], float)
        self.known = [known.get(track, Known()) for track in self.tracks]
        self.shore_km: NDArray[np.float64] = np.zeros(0)
        self.piece: NDArray[np.int64] = np.zeros(0, np.int64)
        if rows:
            self.shore_km, self.piece = nearest(self.lon, self.lat)
        self.port_km = _to_ports(self.lon, self.lat, ports)
        self.fresh = self.now_s - self.at_s <= rules["fresh_min"] * 60

    def slow(self, kn: float) -> NDArray[np.bool_]:
        """Slow, or of a speed that the transponder does not know."""
        return np.asarray(np.isnan(self.sog) | (self.sog <= kn), bool)

    def told(self, k: int, family: str, level: Level, words: Sequence[str], **more: object) -> Told:
        zh, en, false_zh, false_en = words
        other, rule = str(more.pop("other", "")), str(more.pop("rule", ""))
        return Told(
            family,
            self.tracks[k],
            level,
            round(float(self.lon[k]), 5),
            round(float(self.lat[k]), 5),
            int(self.piece[k]),
            zh,
            en,
            false_zh,
            false_en,
            other,
            rule,
            {name: float(value) for name, value in more.items()},  # type: ignore[arg-type]
        )


def _to_ports(
    lon: NDArray[np.float64], lat: NDArray[np.float64], ports: NDArray[np.float64]
) -> NDArray[np.float64]:
    if not len(ports) or not len(lon):
        return np.full(len(lon), np.inf)
    tree = sphere_tree(lon=ports[:, 0], lat=ports[:, 1])
    chord, _ = tree.query(on_sphere(lon=lon, lat=lat))
    return np.asarray(2 * EARTH_KM * np.arcsin(np.clip(chord / 2, 0, 1)), float)


def fences(scene: Scene) -> Iterable[Told]:
    """Vessels where their class must not be at this hour."""
    points = np.flatnonzero(scene.fresh)
    held = [fence for fence in scene.rules.fences if fence.in_force(scene.at)]
    if not len(points) or not held:
        return
    names, kinds = np.unique([known.kind for known in scene.known], return_inverse=True)
    for fence, within in zip(held, _within(held, scene, points), strict=True):
        able = np.isin(names, list(fence.kinds))
        mine = within[able[kinds[within]]]
        if fence.beyond_km:
            mine = mine[scene.shore_km[mine] > fence.beyond_km]
        for k in mine:
            km = float(scene.shore_km[k])
            yield scene.told(
                int(k),
                FENCE,
                fence.level,
                (
                    f"{fence.zh}：离岸 {km:.1f} km",
                    f"{fence.en}: {km:.1f} km off the shore",
                    "若是误报：该船登记的类别不对，或有批准出海的记录",
                    "if false: her class is wrong in the register, or she has a permit",
                ),
                rule=fence.code,
                km=km,
            )


def _within(
    held: Sequence[Fence], scene: Scene, points: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Of each fence the vessels inside; all of them where it has no bounds."""
    bounded = [n for n, fence in enumerate(held) if fence.polygon]
    found = [points] * len(held)
    if bounded:
        tree = shapely.STRtree(np.asarray(shapely.points(scene.lon[points], scene.lat[points])))
        shapes = [shapely.Polygon(held[n].polygon) for n in bounded]
        which, spots = tree.query(shapes, predicate="contains")
        cuts = np.searchsorted(which, np.arange(1, len(bounded)))
        for n, inside in zip(bounded, np.split(spots, cuts), strict=True):
            found[n] = points[np.sort(inside)]
    return found


@dataclass(frozen=True, slots=True)
class Silence:
    """Tracks that fell silent: those that others were heard beside, and those where nobody is
    heard, of which nothing can be said."""

    lost: Sequence[Told]
    deaf: Sequence[str]


def silent(scene: Scene) -> Silence:
    """Silence where others are heard is a finding; where nobody is heard it is none. In a port, or
    in by the reports, nobody need be heard."""
    rules = scene.rules
    age = scene.now_s - scene.at_s
    limit = rules["lost_min"] * 60
    gone = (age > limit) & (age <= rules["stale_h"] * 3600) & (scene.port_km > rules["port_km"])
    gone &= ~np.array([known.in_port for known in scene.known], bool) if len(gone) else gone
    if not gone.any():
        return Silence((), ())
    heard = np.flatnonzero(age <= limit / 2)
    lost: list[Told] = []
    deaf: list[str] = []
    tree = sphere_tree(lon=scene.lon[heard], lat=scene.lat[heard]) if len(heard) else None
    reach = 2 * np.sin(rules["heard_km"] / EARTH_KM / 2)
    for k in np.flatnonzero(gone):
        spot = on_sphere(lon=scene.lon[k : k + 1], lat=scene.lat[k : k + 1])[0]
        n = len(tree.query_ball_point(spot, reach)) if tree is not None else 0
        if n < rules["heard_others"]:
            deaf.append(scene.tracks[k])
            continue
        minutes = int(age[k] // 60)
        level = Level.II if scene.known[k].three_no else Level.III
        lost.append(
            scene.told(
                int(k),
                LOST,
                level,
                (
                    f"{minutes} 分钟没有信号，周围 {rules['heard_km']:g} km 内同时收到 {n} 艘船",
                    f"silent for {minutes} minutes while {n} others are heard around",
                    "若是误报：船已进港而未报，或终端断电报修",
                    "if false: she is in a port unreported, or her terminal is under repair",
                ),
                others=n,
                minutes=minutes,
            )
        )
    return Silence(lost, deaf)


Trails = Mapping[str, Sequence[Row]]


def slow_pairs(scene: Scene) -> list[tuple[int, int]]:
    """Pairs of vessels that are slow and close now, away from ports: those to be looked at."""
    rules = scene.rules
    able = np.flatnonzero(
        scene.fresh & scene.slow(rules["meet_kn"]) & (scene.port_km > rules["port_km"])
    )
    found = near_pairs(lon=scene.lon[able], lat=scene.lat[able], km=rules["meet_km"])
    return [(int(able[a]), int(able[b])) for a, b in found]


def meetings(scene: Scene, trails: Trails) -> Iterable[Told]:
    """Two that lay beside each other long enough, by their tracks."""
    rules = scene.rules
    need_s = int(rules["meet_min"] * 60)
    for a, b in slow_pairs(scene):
        one, other = scene.tracks[a], scene.tracks[b]
        km = _together(
            trails.get(one, ()), trails.get(other, ()), scene.now_s - need_s, scene.now_s
        )
        if km is None or km > 2 * rules["meet_km"]:
            continue
        level = Level.II if scene.known[a].three_no or scene.known[b].three_no else Level.III
        names = f"{scene.known[b].number or other}"
        yield scene.told(
            a,
            MEETING,
            level,
            (
                f"与 {names} 并靠 {rules['meet_min']:g} 分钟以上，相距不过 {km * 1000:.0f} 米",
                f"beside {names} for {rules['meet_min']:g} minutes, within {km * 1000:.0f} m",
                "若是误报：两船是拖带、补给或同组作业，有登记",
                "if false: one tows or supplies the other, and that is registered",
            ),
            other=other,
            km=km,
        )


def _together(a: Sequence[Row], b: Sequence[Row], since_s: int, until_s: int) -> float | None:
    """How far apart two tracks were at most in a span; None where one of them was not heard at its
    begin."""
    if len(a) < 2 or len(b) < 2 or a[0][1] > since_s or b[0][1] > since_s:
        return None
    times = np.arange(since_s, until_s + 1, STEP_S)
    spots = [
        np.interp(times, [row[1] for row in rows], np.array([row[k] for row in rows], float))
        for rows in (a, b)
        for k in (2, 3)
    ]
    return float(apart_km(spots[0], spots[1], spots[2], spots[3]).max())


def near_shore(scene: Scene) -> NDArray[np.int64]:
    """Vessels that lie at the shore and at no port: those to be looked at."""
    rules = scene.rules
    return np.flatnonzero(
        scene.fresh
        & (scene.shore_km <= rules["land_km"])
        & (scene.port_km > rules["port_km"])
        & scene.slow(rules["land_kn"])
    )


def landings(scene: Scene, trails: Trails) -> Iterable[Told]:
    """Vessels that lay at the shore, away from ports, long enough; who lies there all the time is
    moored."""
    rules = scene.rules
    need_s = int(rules["land_min"] * 60)
    for k in near_shore(scene):
        trail = trails.get(scene.tracks[k], ())
        span = [row for row in trail if row[1] >= scene.now_s - need_s]
        if len(span) < 2 or trail[0][1] > scene.now_s - need_s:
            continue
        lon, lat = (np.array([row[n] for row in span], float) for n in (2, 3))
        km, _ = nearest(lon, lat)
        if float(km.max()) > 2 * rules["land_km"]:
            continue
        before = np.array([(row[2], row[3]) for row in trail], float)
        came, _ = nearest(before[:, 0], before[:, 1])
        if float(came.max()) <= 2 * rules["land_km"]:
            continue  # she has been there as long as anybody knows
        yield scene.told(
            int(k),
            LANDING,
            Level.II,
            (
                f"非港口岸段靠岸 {rules['land_min']:g} 分钟以上，"
                f"离岸 {scene.shore_km[k] * 1000:.0f} 米",
                f"at the shore away from ports for {rules['land_min']:g} minutes or more",
                "若是误报：该处是未登记的渔港、养殖码头，或岸线数据过时",
                "if false: an unregistered landing lies there, or the shoreline is out of date",
            ),
            km=float(scene.shore_km[k]),
        )


def off_beach(scene: Scene) -> NDArray[np.int64]:
    """Slow vessels off a beach and away from ports: those to be looked at."""
    rules = scene.rules
    return np.flatnonzero(
        scene.fresh
        & (scene.shore_km <= rules["loiter_shore_km"])
        & (scene.shore_km > rules["land_km"])
        & (scene.port_km > rules["port_km"])
        & scene.slow(rules["loiter_kn"])
    )


def loiterings(scene: Scene, trails: Trails) -> Iterable[Told]:
    """Vessels that went to and fro off a beach; one at anchor goes nowhere at all and is none."""
    rules = scene.rules
    need_s = int(rules["loiter_min"] * 60)
    for k in off_beach(scene):
        trail = [row for row in trails.get(scene.tracks[k], ()) if row[1] >= scene.now_s - need_s]
        if len(trail) < 4 or trail[0][1] > scene.now_s - need_s + STEP_S:
            continue
        lon, lat = (np.array([row[n] for row in trail], float) for n in (2, 3))
        went, away = wandering(lon=lon, lat=lat)
        if away > rules["loiter_km"] or went < 2 * rules["loiter_km"]:
            continue
        yield scene.told(
            int(k),
            LOITERING,
            Level.III,
            (
                f"{rules['loiter_min']:g} 分钟内在岸外 {scene.shore_km[k]:.1f} km 来回，"
                f"走了 {went:.1f} km",
                f"to and fro {scene.shore_km[k]:.1f} km off the shore, {went:.1f} km in all",
                "若是误报：是作业渔船拖网、下笼，渔区登记在此",
                "if false: she fishes here, and her ground is registered so",
            ),
            km=went,
        )


def doubled(
    scene: Scene,
    jumps: Mapping[str, tuple[int, float]],
    names: Mapping[str, Sequence[tuple[str, int, int]]],
) -> Iterable[Told]:
    """One number that is at two places at once, or says another name than before."""
    for k, track in enumerate(scene.tracks):
        if not scene.fresh[k]:
            continue
        n, kn = jumps.get(track, (0, 0.0))
        said = names.get(track, ())
        changed = len(said) > 1 and said[-1][1] > scene.now_s - scene.rules["renamed_h"] * 3600
        if n >= scene.rules["jumps"]:
            words = (
                f"同一识别码两处出现，换算航速 {kn:.0f} 节",
                f"one number at two places: {kn:.0f} knots between them",
                "若是误报：一台终端定位跳变，前后位置连续",
                "if false: one terminal's position jumped, and the track goes on where it was",
            )
        elif changed:
            words = (
                f"报的船名由“{said[-2][0]}”变为“{said[-1][0]}”",
                f"said another name: “{said[-2][0]}”, now “{said[-1][0]}”",
                "若是误报：船东已办理更名，登记里有",
                "if false: she was renamed, and the register knows",
            )
        else:
            continue
        yield scene.told(k, IDENTITY, Level.III, words, kn=kn)


def asked_for(scene: Scene) -> list[str]:
    """Tracks whose trail is wanted to judge this moment."""
    wanted = {k for pair in slow_pairs(scene) for k in pair}
    wanted |= {int(k) for k in near_shore(scene)} | {int(k) for k in off_beach(scene)}
    return sorted(scene.tracks[k] for k in wanted)


def time_of(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
