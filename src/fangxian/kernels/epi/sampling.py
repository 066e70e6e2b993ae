"""How many samples of a lot are enough, and what none of them positive still allows."""

import math


def sample_size(*, sure: float, prevalence: float) -> int:
    """Samples that find at least one positive with probability ``sure`` where a share
    ``prevalence`` of a large lot is positive: the smallest n of ``1 - (1 - p)^n >= sure``.

    sure, prevalence: scalars, probability and share 0-1, both within. Raises ValueError outside and
    for NaN. Source: Cannon and Roe 1982, the freedom-from-disease formula for large
    populations.
    """
    if not (0 < sure < 1 and 0 < prevalence < 1):
        raise ValueError(f"sure={sure}, prevalence={prevalence}: both must lie between 0 and 1")
    n = math.log1p(-sure) / math.log1p(-prevalence)
    return max(1, math.ceil(n - 1e-9))


def possible_share(*, tubes: int, positives: int = 0, sure: float = 0.95) -> float:
    """The upper bound of the share that is positive, one-sided: the largest p for which as few
    positives as these are not rarer than 1 - sure. 1 without a tube.

    Scalars: tubes and positives are counts, sure is a probability, 0-1, both without. Of 50 tubes
    none positive: 0.058. Raises ValueError for positives outside 0..tubes, sure outside 0-1, and
    for NaN. Source: Clopper and Pearson 1934.
    """
    from scipy.special import betaincinv

    if not 0 <= positives <= tubes or not 0 < sure < 1:
        raise ValueError(f"positives={positives} of tubes={tubes}, sure={sure}")
    if positives == tubes:
        return 1.0
    return float(betaincinv(positives + 1, tubes - positives, sure))
