import Federation
import Foundation
import LocalTraining
import Tensors
import TestSupport
import Testing
import Topology
import Wire

/// The memories of a worker's clients, on disk.
struct ClientStoreTests {
  private static let block = ParameterLayout(
    name: "block1", parameters: [Parameter("weight", Shape([2, 3]), role: .weight)])
  private static let head = ParameterLayout(
    name: "head1", parameters: [Parameter("bias", Shape([2]), role: .weight)])

  /// A memory in which nothing is yet, with places for residuals and control variates.
  private static func empty() throws -> ClientMemory {
    try ClientMemory(for: TrainingBench(", correction: scaffold", codecs: codecs).workload.topology)
  }

  private static let codecs = "{up: stc10, errorFeedback: true}"

  /// A memory with a residual and control variates whose values follow from `seed`.
  private static func memory(_ seed: Float) throws -> ClientMemory {
    let layouts = [block, block.controlVariate, head]
    let vectors = layouts.enumerated().map { index, layout in
      ParameterVector(
        layout: layout, scalars: (0..<layout.count).map { seed + Float(10 * index + $0) / 3 })
    }
    return ClientMemory(vectors, like: try empty())
  }

  private static func store(parameters: Int = 8) throws -> ClientStore {
    try ClientStore(of: try empty(), parameters: parameters)
  }

  /// The update for a round, of which a try may have another digest.
  private static func update(_ round: Int, attempt: UInt64 = 0) -> CountedUpdate {
    CountedUpdate(round: round, digest: UInt64(round) << 60 | attempt)
  }

  /// A store that keeps the memories of `folder` in run 9.
  private static func store(in folder: Folder, run: UInt64 = 9) throws -> ClientStore {
    let store = try ClientStore(of: try empty(), layouts: layouts, at: folder.url)
    try store.begin(run: run)
    return store
  }

  @Test func `each client gets back the bits that came with the update that counts`() throws {
    let store = try Self.store()
    try store.keep(Self.memory(1), of: 3, as: Self.update(1), after: nil)
    try store.keep(Self.memory(2), of: 0, as: Self.update(1), after: nil)
    try store.keep(Self.memory(-5), of: 3, as: Self.update(2), after: Self.update(1))
    #expect(try store.memory(of: 3, after: Self.update(2)) == Self.memory(-5))
    #expect(try store.memory(of: 3, after: Self.update(1)) == Self.memory(1))
    #expect(try store.memory(of: 0, after: Self.update(1)) == Self.memory(2))
    #expect(try store.memory(of: 3, after: nil) == Self.empty())
    #expect(try store.memory(of: 1, after: Self.update(1)) == nil)
    #expect(store.clients == [0, 3] && store.byteCount == 3 * 4 * 14)
    store.forget(3)
    #expect(try store.memory(of: 3, after: Self.update(2)) == nil && store.clients == [0])
  }

  /// The round after 2 was trained from 1 again: it was 2 that didn't count.
  @Test func `a memory whose update didn't count goes once another one counts`() throws {
    let store = try Self.store()
    try store.keep(Self.memory(1), of: 0, as: Self.update(1), after: nil)
    try store.keep(Self.memory(2), of: 0, as: Self.update(2), after: Self.update(1))
    try store.keep(Self.memory(3), of: 0, as: Self.update(3), after: Self.update(1))
    #expect(store.updates(of: 0) == [Self.update(1), Self.update(3)])
    try store.keep(Self.memory(4), of: 0, as: Self.update(4), after: Self.update(3))
    #expect(store.updates(of: 0) == [Self.update(3), Self.update(4)])
  }

  @Test func `a memory that outlives its worker is there for the next, and for no other run`()
    throws
  {
    let folder = try Folder()
    try Self.store(in: folder).keep(Self.memory(1), of: 3, as: Self.update(1), after: nil)
    try Self.store(in: folder).keep(
      Self.memory(2), of: 3, as: Self.update(2), after: Self.update(1))
    let store = try Self.store(in: folder)
    #expect(try store.memory(of: 3, after: Self.update(1)) == Self.memory(1))
    #expect(try store.memory(of: 3, after: Self.update(2)) == Self.memory(2))
    #expect(try Self.store(in: folder, run: 10).memory(of: 3, after: Self.update(2)) == nil)
    let file = folder.path("0000000000000009/client-3.round-2.2000000000000000.memory")
    let facts = try FileManager.default.attributesOfItem(atPath: file)
    #expect(facts[.posixPermissions] as? Int == 0o600)
    store.forget(3)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 1)
  }

  /// Its broker may go back to the checkpoint before its last, and an earlier worker may have sent
  /// another try of the last round.
  @Test func `a folder has the memory before the last that counts, and one of another try`() throws
  {
    let folder = try Folder()
    let store = try Self.store(in: folder)
    for round in 1...4 {
      try store.keep(
        Self.memory(Float(round)), of: 0, as: Self.update(round),
        after: round > 1 ? Self.update(round - 1) : nil)
    }
    try store.keep(Self.memory(7), of: 0, as: Self.update(4, attempt: 1), after: Self.update(3))
    let updates = [2, 3, 4].map { Self.update($0) } + [Self.update(4, attempt: 1)]
    #expect(store.updates(of: 0) == updates)
    #expect(Set(try Self.store(in: folder).updates(of: 0)) == Set(updates))
  }

  @Test(arguments: [0, 5, 40, 112])
  func `a memory with a flipped bit in its file is lost, not taken up`(byte: Int) throws {
    let folder = try Folder()
    try Self.store(in: folder).keep(Self.memory(1), of: 3, as: Self.update(1), after: nil)
    let file = URL(
      filePath: folder.path("0000000000000009/client-3.round-1.1000000000000000.memory"))
    var bytes = try Data(contentsOf: file)
    try #require(byte < bytes.count)
    bytes[byte] ^= 4
    try bytes.write(to: file)
    #expect(try Self.store(in: folder).memory(of: 3, after: Self.update(1)) == nil)
    try bytes.prefix(9).write(to: file)
    #expect(try Self.store(in: folder).memory(of: 3, after: Self.update(1)) == nil)
  }

  @Test func `a file that was being written when its worker was killed is no memory`() throws {
    let folder = try Folder()
    try Self.store(in: folder).keep(Self.memory(1), of: 3, as: Self.update(1), after: nil)
    let name = "0000000000000009/client-3.round-2.2000000000000000.memory.partial"
    try Data([1, 2, 3]).write(to: folder.url.appending(path: name))
    #expect(try Self.store(in: folder).updates(of: 3) == [Self.update(1)])
  }

  /// As by whoever tidies up a temporary folder: updates would wait for ever.
  @Test func `a folder that is removed under a worker is made again`() throws {
    let folder = try Folder()
    let store = try Self.store(in: folder)
    try store.keep(Self.memory(1), of: 3, as: Self.update(1), after: nil)
    try FileManager.default.removeItem(at: folder.url)
    try store.keep(Self.memory(2), of: 3, as: Self.update(2), after: Self.update(1))
    #expect(try store.memory(of: 3, after: Self.update(2)) == Self.memory(2))
    #expect(try store.memory(of: 3, after: Self.update(1)) == nil)
    #expect(
      try Self.store(in: folder).memory(of: 3, after: Self.update(2)) == Self.memory(2))
  }

  @Test func `a folder that can't be made says so`() throws {
    let folder = try Folder()
    try Data().write(to: folder.url.appending(path: "file"))
    let error = #expect(throws: ClientStoreError.self) {
      try ClientStore(
        of: Self.empty(), layouts: Self.layouts, at: folder.url.appending(path: "file"))
    }
    #expect(error?.description.hasSuffix("(--state)") == true, "\(String(describing: error))")
  }

  @Test func `a memory holds residuals and control variates in the order of their names`() throws {
    let memory = try Self.memory(1)
    #expect(memory.vectors.map(\.layout.name) == ["block1", "block1.control", "head1"])
    let plain = ClientMemory(for: try TrainingBench().workload.topology)
    #expect(plain.parts == 0 && memory.parts == 2)
    // What has no place is dropped.
    #expect(ClientMemory(memory.vectors, like: plain) == plain)
  }

  @Test func `clients that remember nothing have no store`() throws {
    #expect(try TrainingBench().store == nil)
    #expect(try TrainingBench(codecs: Self.codecs).store != nil)
  }

  @Test func `a memory beyond a client's room is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      try ClientStoreTests.store(parameters: 6).keep(
        ClientStoreTests.memory(1), of: 0, as: CountedUpdate(round: 1, digest: 1), after: nil)
    }
  }

  @Test func `a folder that isn't there is named, with what to do`() throws {
    let folder = try Folder()
    let error = #expect(throws: ClientStoreError.self) {
      try ClientStore(of: Self.empty(), parameters: 8, in: folder.path("absent"))
    }
    let text = try #require(error?.description)
    #expect(text.hasSuffix("absent: No such file or directory; set TMPDIR"), "\(text)")
  }

  @Test func `a store leaves no name in its folder, and nothing behind it`() throws {
    let folder = try Folder()
    let store = try ClientStore(of: Self.empty(), parameters: 8, in: folder.url.path)
    try store.keep(Self.memory(1), of: 0, as: Self.update(1), after: nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [])
  }

  /// The layouts by name of all that the tests' memories hold.
  private static let layouts = Dictionary(
    uniqueKeysWithValues: [block, block.controlVariate, head].map { ($0.name, $0) })

  @Test func `a store that was saved is the same after a restart`() throws {
    let file = try Folder().url.appending(path: "clients.bin")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    let store = try Self.store()
    try store.keep(Self.memory(1), of: 2, as: Self.update(1), after: nil)
    try store.keep(Self.memory(4), of: 7, as: Self.update(1), after: nil)
    let entries = try store.save(to: file)
    let restarted = try Self.store()
    #expect(restarted.clients == [])
    #expect(try restarted.load(entries, from: file, layouts: Self.layouts))
    #expect(restarted.clients == [2, 7])
    #expect(try restarted.memory(of: 7, after: Self.update(1)) == Self.memory(4))
    #expect(try restarted.memory(of: 2, after: Self.update(1)) == Self.memory(1))
  }

  @Test(arguments: [0, 55, 56, 111])
  func `a file with one flipped bit isn't taken up`(byte: Int) throws {
    let folder = try Folder()
    let file = folder.url.appending(path: "clients.bin")
    let store = try Self.store()
    try store.keep(Self.memory(1), of: 2, as: Self.update(1), after: nil)
    try store.keep(Self.memory(4), of: 7, as: Self.update(1), after: nil)
    let entries = try store.save(to: file)
    var bytes = try Data(contentsOf: file)
    #expect(bytes.count == 112)
    bytes[byte] ^= 1
    try bytes.write(to: file)
    #expect(try !Self.store().load(entries, from: file, layouts: Self.layouts))
  }

  @Test func `a file that is too short, or of another model, isn't taken up`() throws {
    let folder = try Folder()
    let file = folder.url.appending(path: "clients.bin")
    let store = try Self.store()
    try store.keep(Self.memory(1), of: 2, as: Self.update(1), after: nil)
    let entries = try store.save(to: file)
    #expect(try !Self.store().load(entries, from: file, layouts: ["block1": Self.block]))
    try Data(contentsOf: file).dropLast().write(to: file)
    #expect(try !Self.store().load(entries, from: file, layouts: Self.layouts))
  }
}
