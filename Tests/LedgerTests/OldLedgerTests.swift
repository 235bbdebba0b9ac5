import Foundation
import GRDB
import Ledger
import Measures
import Testing

/// Ledgers in the tables that the fifth version of the schema made, statement by statement.
@Suite struct OldLedgerTests {
  /// A ledger with two rounds, as an earlier program left it.
  private static func make(at url: URL) throws {
    let database = try DatabaseQueue(path: url.path(percentEncoded: false))
    try database.write { database in
      try database.execute(sql: tables)
      try database.execute(
        sql: """
          INSERT INTO run (name, seed, clock, transport, strategy, downCodec, upCodec, model,
            parameters, plannedRounds, chunkSize, chunkOverhead)
          VALUES ('old', '7', 'virtual', 'inproc', 'fedavg', 'dense32', 'linear8', 'convnet', 1000,
            3, 1024, 10);
          INSERT INTO stage VALUES (1, 100, 10), (2, 1000, 50);
          INSERT INTO round VALUES
            (1, 1, 1, 2, 1, 1, 0, 0, 0, 2.0, 0.5, 1.25, NULL, 70, 350, 2, 2),
            (2, 2, 0, 1, 1, 0, 0, 0, 0, 3.0, 0.75, 1.0, 0.5, 80, 80, 1, 1);
          INSERT INTO outcome VALUES (1, 0, 'accepted', NULL, 1, 7, 7, 100, NULL);
          INSERT INTO traffic VALUES
            (1, 'client', 0, 'up', 'update', 100, 120, 1, 100, 120, 1);
          INSERT INTO clock VALUES (1, 1.0, 3.0), (2, 5.0, 8.0);
          INSERT INTO gradient VALUES (2, 0.125);
          INSERT INTO training VALUES (1, 0.5, 2.5), (2, 0.25, NULL);
          """)
    }
    try database.close()
  }

  @Test func `a ledger of the fifth version is read as it was written`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try Self.make(at: url)
    let store = try RunStore.read(at: url)
    let rounds = try store.summary().rounds
    #expect(rounds.map(\.accuracy) == [0.5, 0.75] && rounds.map(\.loss) == [1.25, 1])
    #expect(rounds.map(\.dice) == [nil, 0.5])
    #expect(rounds.map(\.squaredGradientNorm) == [nil, 0.125])
    #expect(rounds.map(\.[.trainingLoss]) == [2.5, nil])
    #expect(rounds.map(\.[.learningRate]) == [0.5, 0.25])
    #expect(rounds.map(\.closed) == [.seconds(3), .seconds(8)])
    #expect(rounds.map(\.selected) == [2, 1] && rounds.map(\.late) == [1, 0])
    #expect(rounds[0].load.traffic.up.wire == ByteCount(120) && rounds[0].load.flops == 70)
  }

  @Test func `a run whose ledger is of the fifth version goes on in tables like a new one's`()
    throws
  {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try Self.make(at: url)
    let store = try RunStore.open(at: url)
    try store.discardRounds(after: 1)
    var record = RoundRecord.example
    record.round = 2
    for measure in Measure.kept { record[measure] = 3 }
    try store.append(record, book: .example)
    let rounds = try store.summary().rounds
    #expect(rounds.map(\.accuracy) == [0.5, 3])
    for measure in Measure.kept { #expect(rounds[1][measure] == 3, "\(measure.name)") }
    store.close()
    let new = directory.file("new.sqlite")
    try RunStore.create(at: new, header: .example).close()
    #expect(try Self.schema(of: url) == Self.schema(of: new))
    #expect(try RunStore.read(at: url).summary().rounds.count == 2)
  }

  @Test func `a table that isn't of its ledger's version is refused`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try Self.make(at: url)
    let database = try DatabaseQueue(path: url.path(percentEncoded: false))
    try database.write { try $0.execute(sql: "ALTER TABLE training ADD COLUMN more REAL") }
    try database.close()
    #expect(throws: LedgerError.self) { try RunStore.read(at: url) }
  }

  /// The tables and the version of a ledger.
  private static func schema(of url: URL) throws -> [String] {
    let database = try DatabaseQueue(path: url.path(percentEncoded: false))
    return try database.read { database in
      try String.fetchAll(
        database, sql: "SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")
        + [String(try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0)]
    }
  }

  /// The statements of the fifth version; they stay as they were.
  private static let tables = """
    PRAGMA application_id = 1346784359;
    PRAGMA user_version = 5;

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

    CREATE TABLE extended (
      run TEXT NOT NULL,
      rounds INTEGER NOT NULL,
      modelDigest TEXT NOT NULL
    ) STRICT;
    """
}
