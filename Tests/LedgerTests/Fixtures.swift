import Bytes
import Foundation
import Ledger
import Measures

/// An empty directory that is removed when the value goes.
final class TemporaryDirectory {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "ledger-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appending(path: name) }
}

extension RunHeader {
  /// A run of two stages: 100 and 1,000 parameters.
  static var example: RunHeader {
    RunHeader(
      name: "example", seed: .max, clock: "virtual", transport: "inproc",
      model: ModelDescription(
        name: "convnet", parameters: 1000,
        stages: [
          StageDescription(stage: 1, parameters: 100, flopsPerSample: 10),
          StageDescription(
            stage: 2, parameters: 1000, flopsPerSample: 50, memory: ByteCount(20_000)),
        ]),
      strategy: "fedavg", codecs: CodecNames(down: "dense32", up: "linear8"), plannedRounds: 4,
      framing: ChunkFraming(size: ByteCount(1024), overhead: ByteCount(10)))
  }
}

extension RoundRecord {
  /// Round 1 with an update accepted, late, refused, and lost before and after the model came.
  static var example: RoundRecord {
    RoundRecord(
      round: 1, stage: 1, warmUp: true,
      outcomes: [
        ClientOutcome(client: 0, outcome: .accepted, samples: 7, updateSize: ByteCount(100)),
        ClientOutcome(
          client: 1, outcome: .late, samples: 5, trainedSamples: 10, updateSize: ByteCount(100)),
        ClientOutcome(client: 2, outcome: .refused(reason: "overloaded"), samples: 1),
        ClientOutcome(client: 3, outcome: .lost),
        ClientOutcome(client: 4, outcome: .lost, trainedSamples: 2, stage: 2),
      ],
      duplicates: 1, elapsed: .milliseconds(1500), accuracy: 0.5, loss: 1.25,
      counters: ["malformed frame": 2])
  }
}

extension RoundBook {
  /// 400 bytes of model to clients 0, 1, 2 and 4, and updates of 0 and 1.
  static var example: RoundBook {
    var book = RoundBook()
    for client in [0, 1, 2, 4] {
      book.book(
        .client, client: client, .down, .keyframe, payload: ByteCount(400), wire: ByteCount(450))
    }
    book.book(
      .client, client: 3, .down, .keyframe, payload: ByteCount(400), wire: ByteCount(450),
      as: .offered)
    book.book(
      .socket, client: nil, .down, .keyframe, payload: ByteCount(400), wire: ByteCount(450))
    for client in [0, 1] {
      for view in View.allCases {
        book.book(
          view, client: client, .up, .update, payload: ByteCount(100), wire: ByteCount(120))
      }
    }
    book.book(.client, client: nil, .down, .control, wire: ByteCount(64), count: 4)
    book.count("malformed frame")
    return book
  }
}
