"""Words of verdicts and of what is due: the CDC's own, and Chinese."""

from fangxian.kernels.vaccine import due
from fangxian.kernels.vaccine import tables as judge

Words = tuple[str, str]  # zh, en

STATUSES: dict[int, Words] = {
    judge.VALID: ("有效", "Valid"),
    judge.NOT_VALID: ("无效", "Not Valid"),
    judge.EXTRANEOUS: ("多余", "Extraneous"),
    judge.SUBSTANDARD: ("不合格", "Sub-standard"),
}
REASONS: dict[int, Words] = {
    0: ("", ""),
    judge.TOO_YOUNG: ("年龄未到", "Age: Too Young"),
    judge.TOO_OLD: ("年龄已过", "Age: Too Old"),
    judge.TOO_SOON: ("间隔太短", "Interval: too short"),
    judge.INADVERTENT: ("用错疫苗", "Inadvertent Vaccine"),
    judge.LIVE_CONFLICT: ("与减毒活疫苗冲突", "Live Virus Conflict"),
    judge.ALREADY_COMPLETE: ("已全程", "Series Already Complete"),
    # A product that the rules do not take at that age counts as given by mistake.
    judge.WRONG_PRODUCT: ("用错疫苗", "Inadvertent Vaccine"),
    judge.SPOILT: ("疫苗失效", "Spoilt Vaccine"),
    judge.BEFORE_BIRTH: ("早于出生日", "Before Birth"),
}
NOT_JUDGED: Words = ("未判定", "Not Judged")
NO_DAY: Words = ("接种日期不详", "No Date")
UNKNOWN: Words = ("疫苗编码不识", "Unknown Product")
TWICE: Words = ("另一记录中的同一剂", "Same Dose In Another Record")
SERIES: dict[int, Words] = {
    due.NOT_COMPLETE: ("未全程", "Not complete"),
    due.COMPLETE: ("已全程", "Complete"),
    due.AGED_OUT: ("超龄", "Aged out"),
    due.IMMUNE: ("已有免疫", "Immune"),
    due.CONTRAINDICATED: ("禁忌", "Contraindicated"),
    due.NOT_RECOMMENDED: ("不建议", "Not recommended"),
}
