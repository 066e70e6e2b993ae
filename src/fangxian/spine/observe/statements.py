"""The SQL of the telemetry file."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS observation (
    series_id INTEGER NOT NULL, valid_s INTEGER NOT NULL,
    value REAL, quality INTEGER NOT NULL, reason TEXT NOT NULL,
    revision INTEGER NOT NULL, received_s REAL NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (series_id, valid_s)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS observation_by_seq ON observation (seq);
CREATE INDEX IF NOT EXISTS observation_corrected ON observation (seq) WHERE reason = 'corrected';
CREATE INDEX IF NOT EXISTS observation_future ON observation (valid_s) WHERE reason = 'future';
CREATE TABLE IF NOT EXISTS superseded (
    series_id INTEGER NOT NULL, valid_s INTEGER NOT NULL, revision INTEGER NOT NULL,
    value REAL, quality INTEGER NOT NULL, reason TEXT NOT NULL, received_s REAL NOT NULL,
    PRIMARY KEY (series_id, valid_s, revision)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS keep_superseded BEFORE UPDATE ON observation
WHEN new.revision > old.revision BEGIN
    INSERT INTO superseded VALUES (old.series_id, old.valid_s, old.revision, old.value,
        old.quality, old.reason, old.received_s);
END;
CREATE TABLE IF NOT EXISTS frame (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, station TEXT NOT NULL,
    source TEXT NOT NULL, raw BLOB NOT NULL, received_s REAL NOT NULL,
    verdict TEXT NOT NULL, told TEXT NOT NULL, form TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS frame_by_station ON frame (station, verdict);
CREATE INDEX IF NOT EXISTS frame_held ON frame (station) WHERE verdict = 'quarantined';
CREATE TABLE IF NOT EXISTS latest (
    series_id INTEGER PRIMARY KEY, valid_s INTEGER, received_s REAL NOT NULL);
"""

UPSERT = """
INSERT INTO observation VALUES (?, ?, ?, ?, ?, 0, ?, ?)
ON CONFLICT (series_id, valid_s) DO UPDATE SET
    value = excluded.value, quality = excluded.quality, reason = excluded.reason,
    revision = observation.revision + 1, received_s = excluded.received_s, seq = excluded.seq
WHERE (observation.value IS NOT excluded.value OR (observation.quality != excluded.quality
       AND NOT (excluded.quality = 1 AND excluded.reason = '' AND observation.quality IN (2, 3)
                AND observation.reason != 'future')))
  AND observation.reason != 'corrected'
"""
# the same value sent again without more to say takes no doubt away, but for that of the future
LATEST = """
INSERT INTO latest VALUES (?, ?, ?) ON CONFLICT (series_id) DO UPDATE SET
    valid_s = CASE WHEN (latest.valid_s IS NULL OR excluded.valid_s > latest.valid_s) AND EXISTS (
            SELECT 1 FROM observation o WHERE o.series_id = excluded.series_id
            AND o.valid_s = excluded.valid_s AND o.value IS NOT NULL AND o.quality < 3)
        THEN excluded.valid_s ELSE latest.valid_s END,
    received_s = excluded.received_s
"""
CORRECT = """
UPDATE observation SET value = ?, quality = ?, reason = 'corrected', revision = revision + 1,
    received_s = ?, seq = ? WHERE series_id = ? AND valid_s = ?
"""
NEWEST_USABLE = """
UPDATE latest SET valid_s = (
    SELECT valid_s FROM observation WHERE series_id = :series AND value IS NOT NULL AND quality < 3
    ORDER BY valid_s DESC LIMIT 1) WHERE series_id = :series
"""


# CROSS JOIN keeps the order: by the few series asked for, never over all readings ever kept.
NEWEST = (
    "SELECT o.series_id, o.valid_s, o.value, o.quality FROM latest l CROSS JOIN observation o "
    "ON o.series_id = l.series_id AND o.valid_s = l.valid_s WHERE l.series_id IN ({})"
)
# The newest of all is known; only where that is later is the one before looked for.
AT = (
    "SELECT l.series_id, o.valid_s, o.value FROM latest l CROSS JOIN observation o "
    "ON o.series_id = l.series_id AND o.valid_s = CASE WHEN l.valid_s <= :until THEN l.valid_s "
    "ELSE (SELECT e.valid_s FROM observation e WHERE e.series_id = l.series_id "
    "AND e.valid_s > :since AND e.valid_s <= :until AND e.quality < 3 AND e.value IS NOT NULL "
    "ORDER BY e.valid_s DESC LIMIT 1) END WHERE o.valid_s > :since"
)
AT_OF = AT.replace(
    "FROM latest l",
    "FROM json_each(:keys) j CROSS JOIN latest l ON l.series_id = CAST(j.value AS BIGINT)",
    1,
)
MOST_KEYS = 900
USABLE = (
    "SELECT group_concat(valid_s), group_concat(CAST(round(value * 1e6) AS INTEGER)) FROM ("
    "SELECT valid_s, value FROM observation WHERE series_id = ? AND valid_s > ? AND valid_s <= ? "
    "AND value IS NOT NULL AND quality < 3 ORDER BY valid_s)"
)
TRUSTED = (
    "SELECT valid_s, value FROM observation WHERE series_id = :series "
    "AND value IS NOT NULL AND quality < 2 "
)
