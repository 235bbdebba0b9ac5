import Foundation
import Ledger
import Testing

@Suite struct RunDirectoryTests {
  @Test func `a new directory is made with its parents and parts`() throws {
    let directory = try TemporaryDirectory()
    let run = try RunDirectory.create(at: directory.file("a/b/c"))
    #expect(FileManager.default.fileExists(atPath: run.paths.checkpoints.path))
    #expect(FileManager.default.fileExists(atPath: run.paths.spool.path))
    #expect(run.paths.ledger.lastPathComponent == "run.sqlite")
  }

  @Test func `a second owner is told who holds the directory`() throws {
    let directory = try TemporaryDirectory()
    let run = try RunDirectory.create(at: directory.file("run"))
    _ = try RunStore.create(at: run.paths.ledger, header: .example)
    let path = directory.file("run").path(percentEncoded: false)
    let holder = Int(ProcessInfo.processInfo.processIdentifier)
    #expect(throws: LedgerError.locked(path: path, process: holder)) {
      try RunDirectory.open(at: directory.file("run"))
    }
    run.release()
    _ = try RunDirectory.open(at: directory.file("run"))
  }

  @Test func `the lock goes with its owner`() throws {
    let directory = try TemporaryDirectory()
    do {
      let run = try RunDirectory.create(at: directory.url)
      _ = try RunStore.create(at: run.paths.ledger, header: .example)
    }
    _ = try RunDirectory.open(at: directory.url)
  }

  @Test func `a directory of something else is left alone`() throws {
    let directory = try TemporaryDirectory()
    try Data("dear diary".utf8).write(to: directory.file("diary.txt"))
    let path = directory.url.path(percentEncoded: false)
    #expect(throws: LedgerError.foreign(path: path, file: "diary.txt")) {
      try RunDirectory.create(at: directory.url)
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["diary.txt"])
  }

  @Test func `a run isn't overwritten, and only a run is resumed`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.url.path(percentEncoded: false)
    #expect(throws: LedgerError.missing(path: path)) { try RunDirectory.open(at: directory.url) }
    let run = try RunDirectory.create(at: directory.url)
    _ = try RunStore.create(at: run.paths.ledger, header: .example)
    run.release()
    #expect(throws: LedgerError.exists(path: path)) { try RunDirectory.create(at: directory.url) }
  }

  @Test func `what a run left that was killed before its ledger can be used again`() throws {
    let directory = try TemporaryDirectory()
    try RunDirectory.create(at: directory.url).release()
    _ = try RunDirectory.create(at: directory.url)
  }

  @Test func `a file in the place of the directory is an error`() throws {
    let directory = try TemporaryDirectory()
    try Data().write(to: directory.file("run"))
    #expect(throws: LedgerError.self) { try RunDirectory.create(at: directory.file("run")) }
  }

  @Test func `where no directory can be made, nothing is said to be missing`() throws {
    let directory = try TemporaryDirectory()
    try Data().write(to: directory.file("run"))
    let below = directory.file("run").appending(path: "below")
    let path = below.path(percentEncoded: false)
    #expect(throws: LedgerError.notFolder(path: path)) {
      try RunDirectory.create(at: below)
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
  func `a directory without permission is said to be read-only`() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o555], ofItemAtPath: directory.url.path)
    let path = directory.file("run").path(percentEncoded: false)
    #expect(throws: LedgerError.readOnly(path: path)) {
      try RunDirectory.create(at: directory.file("run"))
    }
  }

  @Test func `a directory that is named isn't there before it is made`() throws {
    let directory = try TemporaryDirectory()
    let place = directory.file("a/run")
    let run = try RunDirectory.named(place)
    #expect(!FileManager.default.fileExists(atPath: directory.file("a").path))
    try run.make()
    #expect(FileManager.default.fileExists(atPath: run.paths.spool.path))
    try run.make()
    _ = try RunStore.create(at: run.paths.ledger, header: .example)
    let path = place.path(percentEncoded: false)
    #expect(throws: LedgerError.exists(path: path)) { try RunDirectory.named(place) }
  }

  @Test func `of numbered directories each run gets one, also where two begin at once`() throws {
    let directory = try TemporaryDirectory()
    let base = directory.url
    try FileManager.default.createDirectory(
      at: directory.file("run-1"), withIntermediateDirectories: true)
    let runs = (0..<3).map { _ in
      RunDirectory.firstFree { base.appending(path: "run-\($0)") }
    }
    #expect(runs.allSatisfy { $0.paths.directory.lastPathComponent == "run-2" })
    for run in runs { try run.make() }
    #expect(runs.map { $0.paths.directory.lastPathComponent } == ["run-2", "run-3", "run-4"])
  }

  @Test func `a run that gives way to a new one keeps its files until that is made`() throws {
    let directory = try TemporaryDirectory()
    let old = try RunDirectory.create(at: directory.url)
    try RunStore.create(at: old.paths.ledger, header: .example).close()
    try Data("mine".utf8).write(to: directory.file("notes.txt"))
    old.release()
    let new = try RunDirectory.replacing(at: directory.url)
    #expect(FileManager.default.fileExists(atPath: new.paths.ledger.path))
    try new.make()
    #expect(!FileManager.default.fileExists(atPath: new.paths.ledger.path))
    #expect(FileManager.default.fileExists(atPath: directory.file("notes.txt").path))
    try RunStore.create(at: new.paths.ledger, header: .example).close()
  }
}
