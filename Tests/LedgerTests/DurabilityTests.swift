import Foundation
import GRDB
import Ledger
import Measures
import Testing

/// What was committed is on the disk, and what a kill left behind is read.
@Suite struct DurabilityTests {
  private let directory: TemporaryDirectory
  private let url: URL

  init() throws {
    directory = try TemporaryDirectory()
    url = directory.file("run.sqlite")
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
  }

  @Test func `each commit waits for the disk, of a new ledger and of one that goes on`() throws {
    let new = try RunStore.create(at: url, header: .example)
    #expect(try new.waitsForTheDisk)
    new.close()
    let old = try RunStore.open(at: url)
    #expect(try old.waitsForTheDisk)
    old.close()
  }

  @Test func `a ledger never changes its kind of journal under its own name`() throws {
    let store = try RunStore.create(at: url, header: .example)
    #expect(try journal() == "wal")
    try store.append(.example, book: .example)
    store.close()
    #expect(try journal() == "wal")
    #expect(try names() == ["run.sqlite"])
  }

  /// The journal that the file says it has.
  private func journal() throws -> String? {
    let other = try DatabaseQueue(path: url.path)
    defer { try? other.close() }
    return try other.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
  }

  @Test func `what a killed start left beside a ledger isn't taken for its own`() throws {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      try Data(repeating: 7, count: 5000).write(to: directory.file("run.sqlite.partial\(suffix)"))
    }
    let store = try RunStore.create(at: url, header: .example)
    #expect(try store.header() == .example)
    store.close()
    #expect(try names() == ["run.sqlite"])
  }

  /// A ledger as a kill leaves it in the middle of a change under a rollback journal.
  private func interrupted() throws -> URL {
    let store = try RunStore.create(at: url, header: .example)
    try store.append(.example, book: .example)
    store.close()
    let killed = directory.file("killed.sqlite")
    let writer = try DatabaseQueue(path: url.path)
    try writer.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1")
      try database.execute(sql: "BEGIN; UPDATE run SET name = 'lost'")
      try database.execute(
        sql: """
          WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 3000)
          INSERT INTO counter SELECT 1, 'a counter of some length ' || n, n FROM number
          """)
      for suffix in ["", "-journal"] {
        try FileManager.default.copyItem(
          atPath: url.path + suffix, toPath: killed.path + suffix)
      }
      try database.execute(sql: "ROLLBACK")
    }
    try writer.close()
    return killed
  }

  @Test(arguments: [false, true])
  func `a ledger that was killed under a hot journal is read, and gone on with`(
    goesOn: Bool
  ) throws {
    let killed = try interrupted()
    #expect(FileManager.default.fileExists(atPath: killed.path + "-journal"))
    let store = goesOn ? try RunStore.open(at: killed) : try RunStore.read(at: killed)
    #expect(try store.header() == .example)
    #expect(try store.summary().counters == ["malformed frame": 3])
    store.close()
  }

  @Test func `an update's bytes are for nobody else to read`() throws {
    let spool = try Spool(directory: directory.file("spool"), round: 1)
    try spool.store(client: 0, attempt: 0, [1, 2, 3])
    let file = directory.file("spool/round-1.spool").path
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func `a record of the incarnation is whole, or told to be damaged`() throws {
    let paths = RunPaths(directory.url)
    let record = EpochRecord(in: paths)
    #expect(try record.latest() == 0)
    try record.begin(41)
    try record.begin(42)
    #expect(try record.latest() == 42)
    for text in ["", "none", "-1", "0", String(repeating: "9", count: 40)] {
      try Data(text.utf8).write(to: paths.epoch)
      #expect(throws: LedgerError.self) { try record.latest() }
    }
  }
}
