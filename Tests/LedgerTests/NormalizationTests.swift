import Foundation
import GRDB
import Ledger
import Testing

/// The normalization that a ledger keeps for its run.
@Suite struct NormalizationTests {
  private static let made = MeasuredNormalization(
    means: [0.1, -3.25e-7], deviations: [1.5, 7e6], clients: 3, samples: 41)

  @Test func `a normalization is read bit for bit, also by a program that starts anew`() throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let store = try RunStore.create(at: url, header: .example)
    #expect(try store.normalization() == nil)
    try store.keep(Self.made)
    #expect(try store.normalization() == Self.made)
    store.close()
    #expect(try RunStore.read(at: url).normalization() == Self.made)
  }

  @Test func `a run has one normalization, which nothing replaces`() throws {
    let directory = try TemporaryDirectory()
    let store = try RunStore.create(at: directory.file("run.sqlite"), header: .example)
    try store.keep(Self.made)
    var other = Self.made
    other.means[0] = 0.2
    #expect(throws: LedgerError.self) { try store.keep(other) }
    #expect(try store.normalization() == Self.made)
    try store.discardRounds(after: 0)
    #expect(try store.normalization() == Self.made, "a resumed run keeps it")
  }

  @Test(arguments: [
    "UPDATE normalization SET deviation = 0 WHERE channel = 1", "DELETE FROM normalization",
    "UPDATE normalization SET channel = 2 WHERE channel = 1",
    "UPDATE normalization SET mean = 1e300",
  ])
  func `what is no normalization is refused`(change: String) throws {
    let directory = try TemporaryDirectory()
    let url = directory.file("run.sqlite")
    let store = try RunStore.create(at: url, header: .example)
    try store.keep(Self.made)
    store.close()
    let database = try DatabaseQueue(path: url.path(percentEncoded: false))
    try database.write { try $0.execute(sql: change) }
    try database.close()
    #expect(throws: LedgerError.self) { try RunStore.read(at: url).normalization() }
  }
}
