"""Vaccination: what it brings to the house."""

from fangxian.spine.subject import Subject

from . import schedules

SUBJECT = Subject(
    "vaccination",
    "疫苗接种",
    "Vaccination",
    sets=(schedules.SCHEDULES, schedules.PRODUCTS),
    problems={
        "schedule.unreadable": (
            422,
            "免疫程序文件 {file} 读不了：{why}",
            "The schedule file {file} cannot be read: {why}",
        ),
        "schedule.empty": (
            422,
            "文件夹 {folder} 中没有完整的免疫程序（一个 schedule 文件和至少一个抗原文件）",
            "The folder {folder} holds no whole schedule (one schedule file, one antigen or more)",
        ),
        "schedule.unknown": (
            404,
            "没有“{name}”的免疫程序；现有：{known}",
            "There is no schedule of {name}; there are: {known}",
        ),
        "vaccine.no_group": (
            422,
            "程序中没有疫苗组“{name}”；现有：{known}",
            "The schedule has no vaccine group {name}; it has: {known}",
        ),
        "cases.columns": (
            422,
            "用例表 {file} 缺列：{names}。格式见 docs/vaccine-cases.md",
            "The table of cases {file} lacks columns: {names}. See docs/vaccine-cases.md",
        ),
        "cases.encoding": (
            422,
            "用例表 {file} 不是 UTF-8 编码（第 {byte} 字节起）。请另存为 UTF-8 再试",
            "The table of cases {file} is not UTF-8 (from byte {byte}). Save it as UTF-8 first",
        ),
        "cases.twice": (
            422,
            "用例表 {file} 有重复的列：{names}",
            "The table of cases {file} has columns twice: {names}",
        ),
        "cases.unreadable": (
            422,
            "用例表 {file} 读不了：{why}",
            "The table of cases {file} cannot be read: {why}",
        ),
    },
)
