"""Rows into SQLite from a writer's thread while the event loop's thread is busy: a statement per row, against one statement for all.

What decides is not SQLite but the interpreter's lock, which each step gives up and has to win back (docs/decisions/0014).
"""

import os
import sqlite3
import sys
import tempfile
import threading
import time

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
AT_ONCE = f"INSERT INTO m SELECT {', '.join(f'value->>{n}' for n in range(COLUMNS))} FROM json_each(?)"


def write(connection: sqlite3.Connection, at_once: bool, took: list[float]) -> None:
    started = time.perf_counter()
    for group in range(GROUPS):
        rows = [[group * ROWS + n, *ROW] for n in range(ROWS)]
        connection.execute("BEGIN IMMEDIATE")
        if at_once:
            connection.execute(AT_ONCE, (msgspec.json.encode(rows).decode(),))
        else:
            connection.executemany(ONE_BY_ONE, rows)
        connection.execute("COMMIT")
    took.append(time.perf_counter() - started)


def measure(at_once: bool, busy: bool) -> float:
    """Microseconds a row."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(os.path.join(folder, "m.db"), isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"CREATE TABLE m (id INTEGER PRIMARY KEY, {', '.join(f'c{n}' for n in range(1, COLUMNS))})")
        took: list[float] = []
        thread = threading.Thread(target=write, args=(connection, at_once, took))
        thread.start()
        turns = 0
        while busy and thread.is_alive():
            for _ in range(1000):
                turns += 1
        thread.join()
        connection.close()
    return took[0] / GROUPS / ROWS * 1e6


if __name__ == "__main__":
    print("switch interval   loop   a row a statement   all rows one statement   (us a row)")
    for interval in (0.005, 0.0005):
        sys.setswitchinterval(interval)
        for busy in (False, True):
            print(f"{interval * 1000:12.1f} ms   {'busy' if busy else 'idle'}   {measure(False, busy):17.1f}   {measure(True, busy):22.1f}")
