import GRDB
import Synchronization

/// The tables of a ledger by the version that brought them; the article *Schema* explains each
/// column.
enum LedgerSchema {
  /// Marks an SQLite file as a ledger: "PFLg".
  static let applicationIdentifier = 0x5046_4C67
  /// The last version of which this program wrote all columns by hand.
  private static let lastByHand = 5
  /// The last version that brought more than columns of measures.
  private static let lastOfTables = 9
  /// The version that is written: the newest of tables, or that of the newest measure's column.
  ///
  /// Later versions must still read it.
  static let version = Measure.kept.compactMap(\.column?.since).reduce(lastOfTables, max)

  /// The statements that make the tables of `version`.
  ///
  /// A ledger that grew from an earlier version has the same tables, text by text.
  static func statements(upTo version: Int = version) -> String {
    tablesOfVersion1 + additions(after: 1, upTo: version)
      + "PRAGMA application_id = \(applicationIdentifier);\nPRAGMA user_version = \(version);\n"
  }

  /// The statements that add what the versions after `first` brought.
  private static func additions(after first: Int, upTo last: Int) -> String {
    let tables = [
      2: additionsOfVersion2, 3: additionsOfVersion3, 4: additionsOfVersion4,
      5: additionsOfVersion5, 7: additionsOfVersion7,
      8: additionsOfVersion8, 9: additionsOfVersion9,
    ]
    return (first..<last).map { earlier in
      let version = earlier + 1
      let columns = Measure.kept.compactMap { measure -> String? in
        // The columns of earlier measures are in the tables above.
        guard let column = measure.column, column.since == version, version > lastByHand else {
          return nil
        }
        let type = measure.unit.isWhole ? "INTEGER" : "REAL"
        return "ALTER TABLE \(column.table) ADD COLUMN \(column.name) \(type);\n"
      }
      return (tables[version] ?? "") + "\n" + columns.joined()
    }.joined()
  }

  /// The version of a ledger's tables.
  static func version(of database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? version
  }

  /// Adds to a ledger of an earlier version the tables and columns that it lacks.
  static func migrate(_ database: Database) throws {
    let found = try version(of: database)
    guard found < version else { return }
    try database.execute(sql: additions(after: found, upTo: version))
    try database.execute(sql: "PRAGMA user_version = \(version)")
  }

  /// Makes sure that the tables are those that this program wrote in `version` of the schema.
  ///
  /// The file may come from anybody: it is checked before it is counted with.
  static func check(_ database: Database, version: Int) throws {
    let expected = try tables(of: version)
    let found = try tables(of: database)
    for (name, definition) in expected where found[name] != definition {
      throw DatabaseError.corrupt("its table \(name) isn't that of a ledger")
    }
  }

  /// The tables of versions, as far as they were looked up.
  private static let known = Mutex<[Int: [String: String]]>([:])

  /// The definitions of a version's tables, by their names.
  private static func tables(of version: Int) throws -> [String: String] {
    if let tables = known.withLock({ $0[version] }) { return tables }
    let made = try DatabaseQueue().write { database in
      try database.execute(sql: statements(upTo: version))
      return try tables(of: database)
    }
    known.withLock { $0[version] = made }
    return made
  }

  private static func tables(of database: Database) throws -> [String: String] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql NOT NULL")
    return Dictionary(rows.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
  }

  private static let tablesOfVersion1 = """
    CREATE TABLE run (
      name TEXT NOT NULL,
      seed TEXT NOT NULL,
      clock TEXT NOT NULL,
      transport TEXT NOT NULL,
      strategy TEXT NOT NULL,
      downCodec TEXT NOT NULL,
      upCodec TEXT NOT NULL,
      model TEXT NOT NULL,
      parameters INTEGER NOT NULL,
      plannedRounds INTEGER NOT NULL,
      chunkSize INTEGER NOT NULL,
      chunkOverhead INTEGER NOT NULL,
      start TEXT,
      state TEXT NOT NULL DEFAULT 'running',
      accuracy REAL,
      loss REAL,
      dice REAL,
      modelDigest TEXT,
      elapsed REAL,
      wallClock REAL
    ) STRICT;

    CREATE TABLE stage (
      stage INTEGER PRIMARY KEY,
      parameters INTEGER NOT NULL,
      flopsPerSample REAL NOT NULL
    ) STRICT;

    CREATE TABLE round (
      round INTEGER PRIMARY KEY,
      stage INTEGER NOT NULL,
      warmUp INTEGER NOT NULL,
      selected INTEGER NOT NULL,
      accepted INTEGER NOT NULL,
      late INTEGER NOT NULL,
      lost INTEGER NOT NULL,
      refused INTEGER NOT NULL,
      duplicates INTEGER NOT NULL,
      elapsed REAL NOT NULL,
      accuracy REAL,
      loss REAL,
      dice REAL,
      flops REAL NOT NULL,
      fullModelFlops REAL NOT NULL,
      downClients INTEGER NOT NULL,
      upClients INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE outcome (
      round INTEGER NOT NULL REFERENCES round ON DELETE CASCADE,
      client INTEGER NOT NULL,
      outcome TEXT NOT NULL,
      reason TEXT,
      stage INTEGER NOT NULL,
      samples INTEGER NOT NULL,
      trainedSamples INTEGER NOT NULL,
      updateSize INTEGER NOT NULL,
      elapsed REAL,
      PRIMARY KEY (round, client)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE traffic (
      round INTEGER NOT NULL REFERENCES round ON DELETE CASCADE,
      view TEXT NOT NULL,
      client INTEGER,
      direction TEXT NOT NULL,
      kind TEXT NOT NULL,
      payload INTEGER NOT NULL,
      wire INTEGER NOT NULL,
      messages INTEGER NOT NULL,
      offeredPayload INTEGER NOT NULL,
      offeredWire INTEGER NOT NULL,
      offeredMessages INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX trafficByRound ON traffic (round);

    CREATE TABLE counter (
      round INTEGER NOT NULL REFERENCES round ON DELETE CASCADE,
      name TEXT NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (round, name)
    ) STRICT, WITHOUT ROWID;
    """

  private static let additionsOfVersion2 = """

    CREATE TABLE cohort (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      clients INTEGER NOT NULL,
      link TEXT
    ) STRICT;

    CREATE TABLE meter (
      round INTEGER NOT NULL REFERENCES round ON DELETE CASCADE,
      socket TEXT NOT NULL,
      direction TEXT NOT NULL,
      ledger INTEGER NOT NULL,
      kernel INTEGER NOT NULL,
      retransmitted INTEGER NOT NULL,
      connections INTEGER NOT NULL,
      unmetered INTEGER NOT NULL,
      rejected INTEGER NOT NULL,
      PRIMARY KEY (round, socket, direction)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE origin (
      run TEXT NOT NULL,
      plan TEXT NOT NULL,
      topology TEXT NOT NULL,
      file TEXT NOT NULL,
      overrides TEXT NOT NULL
    ) STRICT;

    CREATE TABLE epoch (
      epoch INTEGER PRIMARY KEY,
      round INTEGER NOT NULL,
      elapsed REAL NOT NULL,
      start TEXT
    ) STRICT;

    CREATE TABLE timing (
      round INTEGER PRIMARY KEY REFERENCES round ON DELETE CASCADE,
      opened REAL NOT NULL,
      closed REAL NOT NULL,
      download REAL NOT NULL,
      training REAL NOT NULL,
      upload REAL NOT NULL,
      waiting REAL NOT NULL
    ) STRICT;
    """

  private static let additionsOfVersion3 = """

    CREATE TABLE holding (
      client INTEGER NOT NULL,
      label INTEGER NOT NULL,
      samples INTEGER NOT NULL,
      PRIMARY KEY (client, label)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE fairness (
      round INTEGER PRIMARY KEY REFERENCES round ON DELETE CASCADE,
      clients INTEGER NOT NULL,
      mean REAL NOT NULL,
      minimum REAL NOT NULL,
      lowestTenth REAL NOT NULL,
      median REAL NOT NULL,
      maximum REAL NOT NULL,
      deviation REAL NOT NULL
    ) STRICT;

    CREATE TABLE gradient (
      round INTEGER PRIMARY KEY REFERENCES round ON DELETE CASCADE,
      squaredNorm REAL NOT NULL
    ) STRICT;
    """

  private static let additionsOfVersion4 = """

    CREATE TABLE clock (
      round INTEGER PRIMARY KEY REFERENCES round ON DELETE CASCADE,
      opened REAL NOT NULL,
      closed REAL NOT NULL
    ) STRICT;

    CREATE TABLE training (
      round INTEGER PRIMARY KEY REFERENCES round ON DELETE CASCADE,
      learningRate REAL,
      loss REAL
    ) STRICT;

    CREATE TABLE best (
      round INTEGER PRIMARY KEY REFERENCES round ON DELETE CASCADE,
      modelDigest TEXT NOT NULL
    ) STRICT;
    """

  private static let additionsOfVersion5 = """

    CREATE TABLE extended (
      run TEXT NOT NULL,
      rounds INTEGER NOT NULL,
      modelDigest TEXT NOT NULL
    ) STRICT;
    """

  /// The columns of `heldOut` are measures.
  private static let additionsOfVersion7 = """

    CREATE TABLE heldOut (
      round INTEGER PRIMARY KEY REFERENCES round ON DELETE CASCADE
    ) STRICT;

    CREATE TABLE heldOutClass (
      round INTEGER NOT NULL REFERENCES round ON DELETE CASCADE,
      class INTEGER NOT NULL,
      samples INTEGER NOT NULL,
      correct INTEGER NOT NULL,
      PRIMARY KEY (round, class)
    ) STRICT, WITHOUT ROWID;
    """

  /// The memory of a client that trains a stage.
  private static let additionsOfVersion8 = """

    ALTER TABLE stage ADD COLUMN memory INTEGER;
    """

  /// The sums of clients' samples before the first round, and what was made of them.
  private static let additionsOfVersion9 = """

    CREATE TABLE measuring (
      clients INTEGER NOT NULL,
      samples INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE normalization (
      channel INTEGER PRIMARY KEY,
      mean REAL NOT NULL,
      deviation REAL NOT NULL
    ) STRICT;
    """
}
