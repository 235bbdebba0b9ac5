import Foundation
import Ledger
import Measures
import Tensors
import Testing

@Suite struct CheckpointTests {
  private func checkpoint(_ round: Int) -> Checkpoint {
    Checkpoint(
      round: round, state: Data(#"{"stage":2,"name":"a \"quoted\" ü"}"#.utf8),
      tensors: [
        "block1.weight": Tensor(shape: [2, 3], scalars: (0..<6).map { Float($0 * round) }),
        "block1.bias": Tensor(shape: [1], scalars: [-0.5]),
      ], bytes: ["step.block1.0": [0, 255, UInt8(round)], "a": [7]])
  }

  @Test func `a checkpoint comes back as it was written`() throws {
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(directory: directory.file("checkpoint"))
    #expect(try store.latest().checkpoint == nil)
    try store.write(checkpoint(3))
    let found = try store.latest()
    #expect(found.checkpoint == checkpoint(3))
    #expect(found.damaged.isEmpty)
  }

  @Test func `the two newest are kept`() throws {
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(directory: directory.url)
    for round in 8...11 { try store.write(checkpoint(round)) }
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
    #expect(names == ["round-10.safetensors", "round-11.safetensors"])
    #expect(try store.latest().checkpoint?.round == 11)
  }

  @Test func `writing an earlier round takes the later ones back`() throws {
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(directory: directory.url)
    for round in [4, 5, 3] { try store.write(checkpoint(round)) }
    #expect(try store.latest().checkpoint?.round == 3)
  }

  @Test(arguments: 0..<60)
  func `a damaged checkpoint is told, and the one before it used`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed)
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(directory: directory.url)
    for round in 1...2 { try store.write(checkpoint(round)) }
    let file = directory.file("round-2.safetensors")
    var bytes = try Data(contentsOf: file)
    if Bool.random(using: &stream) {
      bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &stream))
    } else {
      let place = Int.random(in: 0..<bytes.count, using: &stream)
      bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &stream)
    }
    try bytes.write(to: file)
    let found = try store.latest()
    #expect(found.checkpoint == checkpoint(1))
    #expect(found.damaged.count == 1)
  }

  @Test func `a checkpoint under another's name is damage`() throws {
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(directory: directory.url)
    for round in 1...2 { try store.write(checkpoint(round)) }
    try FileManager.default.moveItem(
      at: directory.file("round-2.safetensors"),
      to: directory.file("round-\(Int.max).safetensors"))
    let found = try store.latest()
    #expect(found.checkpoint == checkpoint(1) && found.damaged.count == 1)
  }

  @Test func `a durable file is replaced whole and leaves nothing beside it`() throws {
    let directory = try TemporaryDirectory()
    for bytes: [UInt8] in [[1, 2, 3], [], [4]] {
      try DurableFile.write(bytes, to: directory.file("state"))
      #expect(try Data(contentsOf: directory.file("state")) == Data(bytes))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["state"])
  }
}
