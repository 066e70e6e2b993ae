"""An import of a table taken back."""

import json

from django.db import transaction
from django.db.models import ProtectedError

from . import clock
from .door import IMPORT, PURPOSE, Change, door, in_scope, tell_changes
from .models import Import
from .problems import Problem
from .rights import Seat
from .seal import unseal
from .steps import move


@transaction.atomic
def undo(row: Import, *, by: Seat) -> int:
    """Take an import back, as long as nobody changed its rows since. Raises ``door.changed`` and
    ``door.in_use``."""
    one = door(row.kind)
    look = one.look()
    there = one.there(look)
    told = json.loads(unseal(row.rows_sealed, purpose=PURPOSE))
    changes = [Change(tuple(key), after, before) for key, before, after in reversed(told)]
    moved = [c for c in changes if there.get(c.key) != c.before]
    if moved:
        raise Problem("door.changed", n=len(moved), first=" ".join(moved[0].key))
    for change in changes:
        path = one.scope(change.before or change.after or {}, look)
        if not in_scope(by, one.right, path):
            raise Problem("rights.denied", seat=by.label, right=one.right)
    move(row, "undo", machine=IMPORT, by=by, undone_at=clock.now())
    try:
        one.write(changes, by, look)
    except ProtectedError as error:
        used = sorted({str(each._meta.verbose_name) for each in error.protected_objects})
        raise Problem("door.in_use", what=one.zh, by=", ".join(used)) from error
    tell_changes(one, changes, by, reason=f"撤销导入 {row.pk}")
    return len(changes)
