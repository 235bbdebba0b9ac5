import Federation
import Foundation
import LocalTraining
import Tensors
import TestSupport
import Testing
import Topology

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

  @Test func `each client gets back the bits that it kept last`() throws {
    let store = try Self.store()
    try store.keep(Self.memory(1), of: 3)
    try store.keep(Self.memory(2), of: 0)
    try store.keep(Self.memory(-5), of: 3)
    #expect(try store.memory(of: 3) == Self.memory(-5))
    #expect(try store.memory(of: 0) == Self.memory(2))
    #expect(try store.memory(of: 1) == Self.empty())
    #expect(store.clients == [0, 3] && store.byteCount == 2 * 4 * 14)
    store.forget(3)
    #expect(try store.memory(of: 3) == Self.empty() && store.clients == [0])
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
      try ClientStoreTests.store(parameters: 6).keep(ClientStoreTests.memory(1), of: 0)
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
    try store.keep(Self.memory(1), of: 0)
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
    try store.keep(Self.memory(1), of: 2)
    try store.keep(Self.memory(4), of: 7)
    let entries = try store.save(to: file)
    let restarted = try Self.store()
    #expect(restarted.clients == [])
    #expect(try restarted.load(entries, from: file, layouts: Self.layouts))
    #expect(restarted.clients == [2, 7])
    #expect(try restarted.memory(of: 7) == Self.memory(4))
    #expect(try restarted.memory(of: 2) == Self.memory(1))
  }

  @Test(arguments: [0, 55, 56, 111])
  func `a file with one flipped bit isn't taken up`(byte: Int) throws {
    let folder = try Folder()
    let file = folder.url.appending(path: "clients.bin")
    let store = try Self.store()
    try store.keep(Self.memory(1), of: 2)
    try store.keep(Self.memory(4), of: 7)
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
    try store.keep(Self.memory(1), of: 2)
    let entries = try store.save(to: file)
    #expect(try !Self.store().load(entries, from: file, layouts: ["block1": Self.block]))
    try Data(contentsOf: file).dropLast().write(to: file)
    #expect(try !Self.store().load(entries, from: file, layouts: Self.layouts))
  }
}
