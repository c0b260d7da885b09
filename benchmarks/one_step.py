"""Rows into SQLite from a writer's thread while the event loop's thread is busy: a statement per row, against one statement for all, with
the rows as one JSON text or as its values.

What decides is not SQLite but the interpreter's lock, which each step gives up and has to win back (docs/decisions/0014 and 0030).
"""

import os
import sqlite3
import sys
import tempfile
import threading
import time
from itertools import chain

import msgspec

GROUPS, ROWS, COLUMNS = 100, 200, 11
ROW = [
    5,
    "4917012345678",
    "Meter 4711: value 12.345 kWh, battery 87 %, rssi -71 dBm. Reply STOP to end.",
    1,
    2,
    "12345",
    0,
    0,
    None,
    1763830000000,
]
ONE_BY_ONE = f"INSERT INTO m VALUES ({', '.join('?' * COLUMNS)})"
AS_JSON = f"INSERT INTO m SELECT {', '.join(f'value->>{n}' for n in range(COLUMNS))} FROM json_each(?)"
ONE_ROW = f"({', '.join('?' * COLUMNS)})"
AS_VALUES = f"INSERT INTO m SELECT * FROM (VALUES {', '.join([ONE_ROW] * ROWS)}) LIMIT ?"
WAYS = (ONE_BY_ONE, AS_JSON, AS_VALUES)


def write(connection: sqlite3.Connection, way: str, took: list[float]) -> None:
    started = time.perf_counter()
    for group in range(GROUPS):
        rows = [[group * ROWS + n, *ROW] for n in range(ROWS)]
        connection.execute("BEGIN IMMEDIATE")
        if way is AS_JSON:
            connection.execute(AS_JSON, (msgspec.json.encode(rows).decode(),))
        elif way is AS_VALUES:
            connection.execute(AS_VALUES, [*chain.from_iterable(rows), ROWS])
        else:
            connection.executemany(ONE_BY_ONE, rows)
        connection.execute("COMMIT")
    took.append(time.perf_counter() - started)


def measure(way: str, busy: bool) -> float:
    """Microseconds a row."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(os.path.join(folder, "m.db"), isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"CREATE TABLE m (id INTEGER PRIMARY KEY, {', '.join(f'c{n}' for n in range(1, COLUMNS))})")
        took: list[float] = []
        thread = threading.Thread(target=write, args=(connection, way, took))
        thread.start()
        turns = 0
        while busy and thread.is_alive():
            for _ in range(1000):
                turns += 1
        thread.join()
        connection.close()
    return took[0] / GROUPS / ROWS * 1e6


if __name__ == "__main__":
    print("switch interval   loop   a row a statement   rows as JSON   rows as values   (us a row)")
    for interval in (0.005, 0.0005, 0.0001):
        sys.setswitchinterval(interval)
        for busy in (False, True):
            took = [measure(way, busy) for way in WAYS]
            print(f"{interval * 1000:12.1f} ms   {'busy' if busy else 'idle'}   {took[0]:17.1f}   {took[1]:12.1f}   {took[2]:14.1f}")
