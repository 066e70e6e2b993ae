"""Danger points: registers, the risk of now, their cards."""

from fangxian.spine.inspect.write.photos import look_at_photos
from fangxian.spine.subject import Subject

from . import cover, doors, figures, read, views

SUBJECT = Subject(
    "hazard_points",
    "隐患点",
    "Danger points",
    tick=look_at_photos,
    cover=cover.RULES,
    registers=(read.POINTS,),
    doors=(doors.POINTS,),
    figures=figures.FIGURES,
    routes=views.ROUTES,
)
