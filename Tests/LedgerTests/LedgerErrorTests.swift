import Foundation
import GRDB
import Ledger
import Testing

@Suite struct LedgerErrorTests {
  @Test func `a ledger isn't overwritten`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    _ = try RunStore.create(at: url, header: .example)
    #expect(throws: LedgerError.exists(path: directory.url.path(percentEncoded: false) + "/")) {
      try RunStore.create(at: url, header: .example)
    }
  }

  @Test func `a missing ledger is said to be missing`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    #expect(throws: LedgerError.missing(path: url.path)) { try RunStore.read(at: url) }
    #expect(throws: LedgerError.missing(path: url.path)) { try RunStore.open(at: url) }
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test(arguments: [Data(), Data("SQLite format 3\0 and then nothing".utf8), Data("hello".utf8)])
  func `bytes that are no ledger are refused`(bytes: Data) throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try bytes.write(to: url)
    let error = #expect(throws: LedgerError.self) { try RunStore.read(at: url).summary() }
    guard case .damaged = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a database of something else is refused`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let other = try DatabaseQueue(path: url.path)
    try other.write { try $0.execute(sql: "CREATE TABLE album (title TEXT)") }
    try other.close()
    #expect(
      throws: LedgerError.damaged(
        path: url.path, problem: "an SQLite file, but no ledger of progfed")
    ) { try RunStore.open(at: url) }
  }

  @Test func `a ledger of a later version is refused`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try RunStore.create(at: url, header: .example).close()
    let other = try DatabaseQueue(path: url.path)
    try other.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
    try other.close()
    #expect(throws: LedgerError.newer(path: url.path, format: 99)) { try RunStore.open(at: url) }
  }

  @Test(arguments: [
    "UPDATE round SET elapsed = 1e300", "UPDATE round SET elapsed = -1",
    "UPDATE round SET downClients = 9223372036854775807", "UPDATE round SET selected = -1",
    "UPDATE run SET parameters = 9223372036854775807", "UPDATE run SET seed = 'x'",
    "UPDATE run SET chunkSize = 0", "UPDATE run SET chunkOverhead = 1099511627776",
    "UPDATE run SET chunkOverhead = -1", "DELETE FROM run",
    "UPDATE traffic SET wire = 9223372036854775807", "UPDATE traffic SET payload = -1",
    "UPDATE run SET state = 'done', elapsed = 9e999", "DROP TABLE counter",
    "DROP TABLE traffic; CREATE TABLE traffic (round, view, direction, payload, wire)",
  ])
  func `a ledger that says what can't be is damaged`(change: String) throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let store = try RunStore.create(at: url, header: .example)
    try store.append(.example, book: .example)
    store.close()
    let other = try DatabaseQueue(path: url.path)
    try other.write { try $0.execute(sql: change) }
    try other.close()
    let error = #expect(throws: LedgerError.self) { try RunStore.read(at: url).summary() }
    guard case .damaged = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `names of a foreign ledger can't steer a terminal`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let store = try RunStore.create(at: url, header: .example)
    try store.append(.example, book: .example)
    store.close()
    let other = try DatabaseQueue(path: url.path)
    try other.write { database in
      for (table, column) in [
        ("run", "name"), ("run", "clock"), ("run", "transport"), ("run", "strategy"),
        ("run", "downCodec"), ("run", "upCodec"), ("run", "model"), ("run", "start"),
        ("cohort", "name"), ("cohort", "link"), ("counter", "name"),
      ] {
        try database.execute(
          sql: "UPDATE \(table) SET \(column) = char(27) || '[2J' || char(8238, 155, 10)")
      }
    }
    try other.close()
    let reader = try RunStore.read(at: url)
    let (header, summary) = (try reader.header(), try reader.summary())
    let texts =
      [header.name, header.clock, header.strategy, header.codecs.down, header.model.name]
      + [header.start ?? "", summary.name, summary.codecs.up, summary.model.name]
      + header.groups.flatMap { [$0.name, $0.link ?? ""] } + summary.counters.keys
    #expect(texts.count >= 10)
    for text in texts { #expect(text == "\u{FFFD}[2J\u{FFFD}\u{FFFD}\u{FFFD}") }
  }

  @Test func `a full disk is told as such`() throws {
    let full = URL(filePath: "/dev/full")
    try #require(FileManager.default.fileExists(atPath: full.path))
    let directory = try TemporaryDirectory()
    // The temporary name beside the target leads to a device that is always full.
    let url = directory.file("model")
    try FileManager.default.createSymbolicLink(
      at: directory.file("model.partial"), withDestinationURL: full)
    #expect(throws: LedgerError.full(path: url.path + ".partial")) {
      try DurableFile.write([1, 2, 3], to: url)
    }
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test func `a file into a folder that isn't there says that, not that a run is missing`() throws {
    let directory = try TemporaryDirectory()
    let missing = directory.file("none")
    #expect(throws: LedgerError.noFolder(path: missing.path + "/")) {
      try DurableFile.write([1], to: missing.appending(path: "report.html"))
    }
    let file = directory.file("file")
    try Data().write(to: file)
    #expect(throws: LedgerError.noFolder(path: file.path + "/")) {
      try DurableFile.write([1], to: file.appending(path: "report.html"))
    }
    #expect(throws: LedgerError.isFolder(path: directory.url.path)) {
      try DurableFile.write([1], to: directory.url)
    }
  }

  @Test func `a folder in a ledger's place is told as such`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    #expect(throws: LedgerError.isFolder(path: url.path(percentEncoded: false))) {
      try RunStore.read(at: url)
    }
  }

  @Test(arguments: [
    LedgerError.missing(path: "/x"), .absent(path: "/x"), .noFolder(path: "/x"),
    .isFolder(path: "/x"), .notFolder(path: "/x"), .exists(path: "/x"),
    .foreign(path: "/x", file: "a.txt"),
    .locked(path: "/x", process: 12), .locked(path: "/x", process: nil), .readOnly(path: "/x"),
    .full(path: "/x"), .damaged(path: "/x", problem: "torn"), .newer(path: "/x", format: 2),
    .system(path: "/x", operation: "read", code: 5),
    .system(path: "/x", operation: "read", code: 71),
  ])
  func `every error begins with where it happened, and ends with what to do`(
    error: LedgerError
  ) {
    #expect(error.description.hasPrefix("/x: "))
    #expect(error.description.hasPrefix("\(error.problem); "))
    #expect(error.description.count > error.problem.count + 10)
  }
}
