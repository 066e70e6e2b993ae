"""What a report did: said to who made it by the subjects that use it, so that nobody reports into
a void."""

from collections.abc import Callable, Collection, Mapping

from fangxian.spine.observe.models import Report

Words = tuple[str, str]  # zh, en
Follow = Callable[[Collection[Report]], Mapping[int, list[Words]]]

FOLLOWED: dict[str, Follow] = {}


def declare_followed(subject: str, follow: Follow | None) -> None:
    """Make known what tells it. Twice does no harm."""
    if follow is not None:
        FOLLOWED[subject] = follow


def what_followed(reports: Collection[Report]) -> dict[int, list[Words]]:
    """By report, what each subject says of it."""
    found: dict[int, list[Words]] = {report.pk: [] for report in reports}
    for follow in FOLLOWED.values():
        for key, told in follow(reports).items():
            found[key] += told
    return found
