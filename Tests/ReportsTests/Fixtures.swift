import Bytes
import Foundation
import Ledger
import Measures

/// Runs as a ledger summarizes them.
enum Example {
  static let header = RunHeader(
    name: "flaky <edge> & co", seed: 42, clock: "virtual", transport: "inproc",
    model: ModelDescription(
      name: "convnet", parameters: 1_190_000,
      stages: [
        StageDescription(
          stage: 1, parameters: 9_000, flopsPerSample: 2e6, memory: ByteCount(600_000)),
        StageDescription(
          stage: 2, parameters: 90_000, flopsPerSample: 2e7, memory: ByteCount(3_000_000)),
        StageDescription(
          stage: 3, parameters: 1_190_000, flopsPerSample: 3e7, memory: ByteCount(24_000_000)),
      ]),
    strategy: "fedavg", codecs: CodecNames(down: "dense32", up: "linear8+random25"),
    plannedRounds: 30, framing: ChunkFraming(overhead: ByteCount(97)))

  /// A run of `rounds` rounds over three stages with `clients` each, evaluated every `evaluation`
  /// rounds.
  static func summary(
    rounds: Int, clients: Int = 10, evaluation: Int? = 2, state: RunState? = .done,
    name: String? = nil, scale: Int = 1
  ) throws -> RunSummary {
    try store(
      rounds: rounds, clients: clients, evaluation: evaluation, state: state, name: name,
      scale: scale
    ) { try $0.summary() }
  }

  /// The same with a squared gradient norm of 8 / r² after each evaluated round r, and a spread
  /// over clients.
  static func converging(rounds: Int, name: String? = nil, scale: Int = 1) throws -> RunSummary {
    var summary = try summary(rounds: rounds, evaluation: 1, name: name, scale: scale)
    for index in summary.rounds.indices {
      let round = Double(index + 1)
      summary.rounds[index].squaredGradientNorm = 8 / (round * round)
      summary.rounds[index].fairness = Fairness(
        of: [0.1, 0.2, 0.9].map { $0 * (1 - 1 / (1 + round)) })
    }
    return summary
  }

  static func store<Value>(
    rounds: Int, clients: Int = 10, evaluation: Int? = 2, state: RunState? = .done,
    name: String? = nil, scale: Int = 1, _ body: (RunStore) throws -> Value
  ) throws -> Value {
    let url = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: url) }
    var header = header
    if let name { header.name = name }
    let store = try RunStore.create(at: url, header: header)
    for round in 1...max(1, rounds) where round <= rounds {
      let stage = min(3, 1 + 3 * (round - 1) / rounds)
      let size = (header.model.stage(stage)?.parameters ?? 0) * scale
      var book = RoundBook()
      var outcomes: [ClientOutcome] = []
      for client in 0..<clients {
        let lost = client > 0 && (client + round) % 7 == 0
        book.book(
          .client, client: client, .down, .keyframe, payload: ByteCount(4 * size),
          wire: ByteCount(4 * size + 200))
        if !lost {
          book.book(
            .client, client: client, .up, .update, payload: ByteCount(size / 4),
            wire: ByteCount(size / 4 + 150))
        }
        outcomes.append(
          ClientOutcome(
            client: client, outcome: lost ? .lost : .accepted, samples: 600,
            updateSize: ByteCount(lost ? 0 : size / 4)))
      }
      let evaluated = evaluation.map { round % $0 == 0 } ?? false
      try store.append(
        RoundRecord(
          round: round, stage: stage, warmUp: stage > 1 && round % 10 == 1, outcomes: outcomes,
          elapsed: .seconds(stage * 2), accuracy: evaluated ? 1 - 1 / Double(round + 1) : nil,
          loss: evaluated ? 2 / Double(round) : nil, counters: ["malformed frame": 1]),
        book: book)
    }
    if let state {
      try store.finish(
        FinalRecord(
          state: state, accuracy: evaluation == nil ? nil : 0.9,
          loss: evaluation == nil ? nil : 0.3,
          modelDigest: Digest(of: [1]), elapsed: .seconds(4 * rounds), wallClock: .seconds(rounds)))
    }
    return try body(store)
  }
}
