"""Keys of programs."""

from django.db import models

from fangxian.spine.registry.models import Place


class ApiKey(models.Model):
    """A program's key; only its digest is kept. ``sends`` says what it may send."""

    name = models.CharField(max_length=60, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    sends = models.CharField(max_length=10)
    place = models.ForeignKey(Place, models.PROTECT)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sends__in=["readings", "reports"]), name="key_sends_something"
            )
        ]

    def __str__(self) -> str:
        return self.name
