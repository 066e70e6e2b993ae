"""People who met, for tests of tracing."""

from datetime import datetime, timedelta

from fangxian.hazards.epidemic.tracing.models import Node
from fangxian.hazards.epidemic.tracing.write import edges
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Person
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Place

ONSET = datetime(2022, 7, 10, 8, tzinfo=BEIJING)


def hour(day, h=10):
    """An hour of a day of July 2022."""
    return datetime(2022, 7, day, h, tzinfo=BEIJING)


def people(n, first=0):
    """n persons of Hexi."""
    hexi = Place.objects.get(name="和溪镇", kind="town")
    rows = [
        Record(name=f"村民{k:03d}", id_kind="passport", id_number=f"P{k:08d}")
        for k in range(first, first + n)
    ]
    return enter_persons(rows, place=hexi, source="t", by=SYSTEM)


def thing(kind, key):
    return edges.End(kind, key, label=f"{kind} {key}")


def end(one):
    return edges.end_of_person(one) if isinstance(one, Person) else one


def met(a, b, day, h=10, *, hours=1, kind="contact", by="1", **more):
    """One edge, told by interview ``by``."""
    since = hour(day, h)
    told = edges.Told(end(a), end(b), kind, since, since + timedelta(hours=hours), **more)
    return edges.enter_edges([told], source=("interview", by), by=SYSTEM)[0]


def node(one):
    return (
        Node.objects.get(person=one) if isinstance(one, Person) else Node.objects.get(key=one.key)
    )


def case(one, onset=ONSET, **more):
    """Somebody is a case."""
    mine = edges.enter_nodes([end(one)], by=SYSTEM)[0]
    return edges.name_case(node=mine, onset=onset, by=SYSTEM, **more)


def contacts(of):
    """Contacts of a case by the number of their person: step."""
    rows = node(of).contacts.filter(ended_at=None).select_related("node")
    return {row.node.person_id: row.step for row in rows}
