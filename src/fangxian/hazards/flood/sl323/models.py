"""Rows of SL 323 as they came: what our own tables do not hold is given back as it was."""

from django.db import models


class Kept(models.Model):
    """One row of a table: its key and its columns as texts, of a table of readings only those that
    have no series."""

    table = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    row = models.JSONField()
    at = models.DateTimeField(null=True)  # of a reading

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "key"], name="kept_row_once")]
        indexes = [models.Index(fields=["table", "at"], name="kept_by_time")]

    def __str__(self) -> str:
        return f"{self.table} {self.key}"
