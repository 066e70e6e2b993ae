"""What is refused of files: tables, backups, keys, proofs. A part of the catalogue."""

# code: (HTTP status, zh, en). Fields stand in braces.
OF_FILES: dict[str, tuple[int, str, str]] = {
    "seal.no_key": (
        409,
        "封存的资料打不开：密钥 {key} 不在本机（secret.key、secret.old）。请恢复该密钥文件。",
        "Sealed data cannot be opened: key {key} is not here (secret.key, secret.old). Restore it.",
    ),
    "seal.of_drill": (
        409,
        "这是演练中封存的资料，正式数据目录不能打开。",
        "This was sealed in a drill; a real data folder does not open it.",
    ),
    "backup.there": (
        409,
        "{path} 已经有了，请另给文件名。",
        "{path} is there already; name another.",
    ),
    "backup.nothing": (
        409,
        "{folder} 里没有可备份的数据库。请核对 FANGXIAN_DATA_DIR。",
        "There is no database in {folder} to back up. Check FANGXIAN_DATA_DIR.",
    ),
    "backup.broken": (
        422,
        "备份 {path} 打不开或不完整：{why}。请核对密钥，或换一份备份。",
        "The backup {path} does not open or is not whole: {why}. Check the key, or use another.",
    ),
    "backup.not_empty": (
        409,
        "{folder} 不是空目录；恢复只写入空目录，不覆盖任何资料。",
        "{folder} is not empty; a backup is restored into an empty folder and overwrites nothing.",
    ),
    "evidence.broken": (
        409,
        "存证有 {n} 处不符，先查清：{why}。",
        "The proof does not agree in {n} places; look into it first: {why}.",
    ),
    "key.words_short": (
        422,
        "口令太短，至少 {n} 个字符。",
        "These words are too short; at least {n} characters.",
    ),
    "port.taken": (
        409,
        "端口 {port} 已被占用；请停掉占用者，或用 FANGXIAN_PORT、FANGXIAN_SL651_PORT 另设。",
        "Port {port} is taken; stop who has it, or set FANGXIAN_PORT or FANGXIAN_SL651_PORT.",
    ),
    "key.name_taken": (
        409,
        "“{name}”已有密钥；先 fangxian key {name} --end，或另起名。",
        "{name} has a key; end it first (fangxian key {name} --end), or use another name.",
    ),
    "key.given": (
        409,
        "该密钥由环境变量 {name} 给出，请在那里更换。",
        "This key is given by {name}; change it there.",
    ),
    "key.escrow_closed": (
        422,
        "密钥封存件 {path} 打不开：口令不对，或文件已损坏。",
        "The escrow {path} does not open: other words, or a damaged file.",
    ),
    "anchor.nowhere": (
        409,
        "没有设置存证外存（FANGXIAN_ANCHOR_FILE 或 FANGXIAN_ANCHOR_MAIL）。",
        "No place for anchors is set up (FANGXIAN_ANCHOR_FILE or FANGXIAN_ANCHOR_MAIL).",
    ),
    "seal.broken": (
        409,
        "封存的资料打不开：内容已损坏。请从备份恢复。",
        "Sealed data cannot be opened: it is damaged. Restore it from the backup.",
    ),
    "table.unreadable": (
        422,
        "{file} 读不出来:{why}。请存为 xlsx 或 UTF-8/GB18030 的 CSV。",
        "{file} cannot be read: {why}. Save it as xlsx or as CSV in UTF-8 or GB18030.",
    ),
    "table.broken": (422, "{file} 读不了:{why}", "{file} cannot be read: {why}"),
    "table.encoding": (
        422,
        "{file} 的编码不是 UTF-8、UTF-16(带标记)或 GB18030,读不了。",
        "{file} is in no encoding that is read: UTF-8, UTF-16 with its mark, GB18030.",
    ),
    "table.no_column": (
        422,
        "{file} 缺少“{column}”列;有:{has}",
        "{file} has no column {column}; it has {has}",
    ),
    "table.head_near": (
        422,
        "{file} 缺少“{column}”列:没有这一列“{head}”,最近的是“{near}”;有:{has}",
        "{file} has no column {column}: no such column {head!r}, the nearest is {near!r}; "
        "it has {has}",
    ),
    "table.columns_twice": (
        422,
        "{file} 有重复的列:{columns}",
        "{file} has columns twice: {columns}",
    ),
    "table.no_rows": (422, "{file} 没有数据行", "{file} has no rows"),
    "table.mixed_zones": (
        422,
        "{file} 的“{column}”列有的时间带时区(第 {zoned} 行)、有的不带(第 {local} 行),无法判定。",
        "{file}, column {column}: times with a zone (line {zoned}) and without (line {local}).",
    ),
    "table.cell": (422, "{zh}", "{en}"),
    "json.unreadable": (
        422,
        "{file} 不是可读的 JSON 对象:{why}",
        "{file} is no readable JSON object: {why}",
    ),
    "file.unfit": (422, "{file}:{zh}", "{file}: {en}"),
    "output.is_input": (
        400,
        "输出 {file} 就是输入文件或另一输出,未写。请另给文件名。",
        "The output {file} is one of the files read, or another output; give it another name.",
    ),
    "backup.server": (
        500,
        "没能把服务器上的数据抄进备份:{why}",
        "the rows of the server could not be copied into the backup: {why}",
    ),
    "move.not_empty": (
        409,
        "{what} 里已有数据,不再搬入;请换一个空的数据库。",
        "{what} holds rows already; nothing is moved in. Name an empty database.",
    ),
    "worker.alone": (
        400,
        "数据在文件里时后台只能有一个;多个后台需用 PostgreSQL。",
        "files have one worker; several need a PostgreSQL server (FANGXIAN_DATABASE_URL).",
    ),
    "move.nothing": (404, "{what} 里没有可搬的数据库", "{what} has no database to move"),
    "move.other_version": (
        409,
        "{what} 的表属于另一版本;请先用本版对来源运行 fangxian init。",
        "the tables of {what} are of another version: run fangxian init of this one on it first.",
    ),
    "move.broken": (
        409,
        "搬来的日志与存证不符:{why}。来源未动,请先查明。",
        "the log that was moved does not agree: {why}. The source is as it was; look into it.",
    ),
    "move.not_moved": (
        409,
        "{folder} 里有本部的数据文件,而设置指向服务器。请先运行 fangxian move,"
        "或去掉 FANGXIAN_DATABASE_URL。",
        "{folder} has files of this headquarters, and the settings name a server. "
        "Run fangxian move, or unset FANGXIAN_DATABASE_URL.",
    ),
    "move.other_key": (
        409,
        "本机密钥与数据库所用的不同,不能解封。请设置同一 FANGXIAN_SECRET_KEY 与 "
        "FANGXIAN_EVIDENCE_SECRET。",
        "the keys of this machine are not those of the database: nothing sealed could be opened. "
        "Give it the same FANGXIAN_SECRET_KEY and FANGXIAN_EVIDENCE_SECRET.",
    ),
    "driver.missing": (
        500,
        "要用 PostgreSQL,请安装 fangxian[growth](含 psycopg)。",
        "PostgreSQL needs fangxian[growth] (psycopg) to be installed.",
    ),
    "output.unwritable": (422, "写不了 {file}:{why}", "cannot write {file}: {why}"),
}
