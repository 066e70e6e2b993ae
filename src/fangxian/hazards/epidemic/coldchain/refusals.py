"""What the cold chain refuses, in words."""

PROBLEMS = {
    "lot.sealed": (
        409,
        "{lot} 已封存（{why}），不能往下办。先解封或处置。",
        "{lot} is sealed ({why}) and passes no gate. Open the seal or end the lot first.",
    ),
    "lot.held": (
        409,
        "{lot} 所在冷库暂扣中（{why}）。交温度记录或说明理由解除后再放行。",
        "{lot}: its store is held ({why}). Bring its loggers, or a reason, first.",
    ),
    "lot.proof_missing": (
        422,
        "{lot} 过“{gate}”还缺：{lacking}。",
        "{lot} cannot pass “{gate}”; missing: {lacking}.",
    ),
    "lot.weight": (
        422,
        "{lot} 有 {there} 公斤，不能出 {asked} 公斤。",
        "{lot}: {there} kg are there, {asked} kg cannot come out.",
    ),
    "cold.no_shift": (
        409,
        "{who} 没有有效核酸（{why}），不能上岗。先采样。",
        "{who} has no valid test ({why}) and cannot begin a shift. Take a sample first.",
    ),
    "epcis.refused": (
        422,
        "文件没有收：{n} 处不对，第一处 {where}：{why}",
        "The document was not taken: {n} faults, the first at {where}: {why}",
    ),
}
