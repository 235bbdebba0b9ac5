import Foundation
import Ledger
import Measures
import Testing

@Suite struct SpoolTests {
  private func update(_ client: Int) -> [UInt8] {
    (0..<(client * 37 % 200)).map { UInt8(truncatingIfNeeded: client + $0) }
  }

  @Test func `updates come back in client order, whatever the order of arrival`() throws {
    let directory = try TemporaryDirectory()
    let spool = try Spool(directory: directory.url, round: 3)
    for client in [5, 1, 9, 0, 7] { try spool.store(client: client, attempt: 1, update(client)) }
    #expect(spool.entries.map(\.client) == [0, 1, 5, 7, 9])
    for entry in spool.entries { #expect(try spool.read(entry) == update(entry.client)) }
  }

  @Test func `a second update of a client is told and not kept`() throws {
    let directory = try TemporaryDirectory()
    let spool = try Spool(directory: directory.url, round: 1)
    #expect(try spool.store(client: 4, attempt: 1, [1, 2]))
    #expect(try !spool.store(client: 4, attempt: 2, [3]))
    let entry = try #require(spool.entry(of: 4))
    #expect(entry.attempt == 1)
    #expect(try spool.read(entry) == [1, 2])
  }

  @Test(arguments: 0..<20)
  func `a spool cut anywhere keeps the whole updates before the cut`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed)
    let directory = try TemporaryDirectory()
    do {
      let spool = try Spool(directory: directory.url, round: 2)
      for client in 0..<6 { try spool.append(client: client, attempt: 1, update(client)) }
      try spool.sync()
    }
    let file = directory.file("round-2.spool")
    let bytes = try Data(contentsOf: file)
    let cut = Int.random(in: 0..<bytes.count, using: &stream)
    try bytes.prefix(cut).write(to: file)
    let spool = try Spool(directory: directory.url, round: 2)
    var end = 0
    let whole = (0..<6).prefix { client in
      end += 32 + update(client).count
      return end <= cut
    }
    #expect(spool.entries.map(\.client) == Array(whole))
    #expect(try spool.store(client: 50, attempt: 1, [7]))
    for entry in spool.entries where entry.client < 50 {
      #expect(try spool.read(entry) == update(entry.client))
    }
    let again = try Spool(directory: directory.url, round: 2)
    #expect(again.entries.map(\.client) == Array(whole) + [50])
  }

  @Test(arguments: 0..<40)
  func `a flipped bit never brings a wrong update back`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed)
    let directory = try TemporaryDirectory()
    do {
      let spool = try Spool(directory: directory.url, round: 2)
      for client in 1..<5 { try spool.append(client: client, attempt: 1, update(client)) }
    }
    let file = directory.file("round-2.spool")
    var bytes = try Data(contentsOf: file)
    bytes[Int.random(in: 0..<bytes.count, using: &stream)] ^=
      1
      << UInt8.random(
        in: 0..<8, using: &stream)
    try bytes.write(to: file)
    let spool = try Spool(directory: directory.url, round: 2)
    #expect(spool.entries.count < 4)
    for entry in spool.entries { #expect(try spool.read(entry) == update(entry.client)) }
  }

  @Test func `another round's updates go, and a cleared spool is empty`() throws {
    let directory = try TemporaryDirectory()
    try Spool(directory: directory.url, round: 1).store(client: 0, attempt: 1, [1])
    let spool = try Spool(directory: directory.url, round: 2)
    #expect(spool.entries.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: directory.file("round-1.spool").path))
    try spool.store(client: 0, attempt: 1, [1])
    try spool.clear()
    #expect(spool.entries.isEmpty)
    #expect(try spool.store(client: 0, attempt: 1, [2]))
    let entry = try #require(Spool(directory: directory.url, round: 2).entry(of: 0))
    #expect(try spool.read(entry) == [2])
  }
}
