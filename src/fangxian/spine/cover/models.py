"""Gaps: what should be covered and is not, as intervals with a reason and an owner."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.registry.models import Place, Post


class Gap(models.Model):
    """One subject of one cover rule over the interval in which it is not covered."""

    rule = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=60)
    fields = models.JSONField(default=dict)
    place = models.ForeignKey(Place, models.PROTECT, null=True)
    owner = models.ForeignKey(Post, models.PROTECT, null=True)  # None: no post exists at all yet
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject_kind", "subject_id"],
                condition=Q(until__isnull=True),
                name="gap_one_open_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="gap_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["until", "rule"], name="gap_by_state")]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject_kind}:{self.subject_id}"
