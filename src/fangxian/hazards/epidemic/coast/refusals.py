"""What the coast refuses, in words."""

PROBLEMS = {
    "vessel.crew_stopped": (
        409,
        "{vessel} 不能出海：{who}。换人，或先解除管控。",
        "{vessel} cannot go to sea: {who}. Change the crew, or let them go first.",
    ),
    "vessel.too_many": (
        422,
        "{vessel} 核定 {most} 人，报了 {n} 人。",
        "{vessel} may carry {most} people; {n} were said.",
    ),
    "vessel.crew_differs": (
        422,
        "{vessel} 短信报 {said} 人，在册船员 {known} 人。请到港口核对后出海。",
        "{vessel}: the text says {said} people, {known} are in her crew. Go by the port.",
    ),
    "vessel.not_out": (
        409,
        "{vessel} 没有出海记录。请到港口登记。",
        "{vessel} is not at sea by the reports. Register at the port.",
    ),
    "vessel.text_unread": (
        422,
        "短信没有看懂：“{text}”。格式：出港 船号 人数 渔区；进港 船号 人数。",
        "The text was not understood: “{text}”. Write: OUT number people ground; IN number people.",
    ),
    "tip.word_wrong": (
        403,
        "领奖口令不对，还可试 {left} 次。",
        "The word is wrong; {left} tries are left.",
    ),
    "tip.not_first": (
        409,
        "线索 {tip} 不是首个举报：首个是 {first}。",
        "Tip {tip} was not the first; {first} was.",
    ),
}
