"""The records of a run, read from its ledger."""

from __future__ import annotations

import os
import sqlite3

#: What an SQLite file of a run is marked with, and the newest layout that this was written for.
_APPLICATION, _VERSION = 0x50464C67, 9


class Run:
    """The tables of a run's ledger by their names, as the page "Schema" of the module Ledger lists
    them: `run["round"]`, `run["traffic"]`, `run["outcome"]` and so on.

    A table is a pandas `DataFrame` where pandas is installed, and a list of dictionaries elsewhere.
    `version` is the layout's; `path` the file's.
    """

    def __init__(self, path, version, tables):
        self.path = path
        self.version = version
        self.tables = tables

    def __getitem__(self, name):
        return self.tables[name]

    def __contains__(self, name):
        return name in self.tables

    def __iter__(self):
        return iter(self.tables)

    def keys(self):
        """The names of the tables."""
        return self.tables.keys()

    def __repr__(self):
        return f"Run({self.path!r}, tables {', '.join(self.tables)})"


def read_run(path, frames=None):
    """The records of the run in the directory `path`, or of a ledger file.

    `frames` is true for pandas' data frames, false for lists of dictionaries; by default whichever
    can be had. A run that goes on can be read: what is read is of one moment. Raises
    `FileNotFoundError` where there is none, `ValueError` where the file isn't a ledger.
    """
    file = os.path.join(path, "run.sqlite") if os.path.isdir(path) else os.fspath(path)
    if not os.path.isfile(file):
        raise FileNotFoundError(f"{file} isn't there; name a run's directory")
    pandas = _pandas(frames)
    database = _open(file)
    try:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION:
            raise ValueError(f"{file} is a database, but no run's")
        database.execute("BEGIN")
        names = [
            name
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                " ORDER BY name"
            )
        ]
        tables = {}
        for name in names:
            rows = database.execute('SELECT * FROM "{}"'.format(name.replace('"', '""')))
            columns = [column[0] for column in rows.description]
            if pandas is not None:
                tables[name] = pandas.DataFrame(rows.fetchall(), columns=columns)
            else:
                tables[name] = [dict(zip(columns, row)) for row in rows]
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{file} can't be read as a ledger: {error}") from None
    finally:
        database.close()
    return Run(file, version, tables)


def _open(file):
    """The database, opened so that nothing is changed, also where nothing can be written."""
    address = "file:" + "".join(
        c if c.isalnum() or c in "/._-" else "".join(f"%{b:02X}" for b in c.encode()) for c in file
    )
    if os.name == "nt":
        address = address.replace("\\", "/")
    writable = os.access(os.path.dirname(os.path.abspath(file)), os.W_OK)
    return sqlite3.connect(
        f"{address}?mode=ro" + ("" if writable else "&immutable=1"), uri=True, isolation_level=None
    )


def _pandas(frames):
    if frames is False:
        return None
    try:
        import pandas
    except ImportError:
        if frames:
            raise
        return None
    return pandas
