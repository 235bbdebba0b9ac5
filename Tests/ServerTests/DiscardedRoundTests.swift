import Federation
import Foundation
import Ledger
import Server
import Synchronization
import Testing
import Wire

/// Rounds that come to a model that can't go on: the last good one does.
struct DiscardedRoundTests {
  /// An observer that remembers the rounds that were discarded.
  private final class Listener: RunObserver {
    private let heard = Mutex<[DiscardedRound]>([])
    var rounds: [DiscardedRound] { heard.withLock(\.self) }
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
    func discarded(_ round: DiscardedRound) { heard.withLock { $0.append(round) } }
  }

  private static let open = "limits: {normMultiple: none}"

  /// Servers that remember something from round to round, each with its training, codecs and more.
  private static let kinds = [
    ("", "{up: dense32}", open),
    ("", "{up: dense32, down: linear8, downDelta: stc5}", open),
    ("", "{up: dense32}", "server: {optimizer: fedadam, learningRate: 0.001}\n\(open)"),
    (", correction: scaffold", "{up: dense32}", open),
  ]

  @Test(arguments: kinds, [1e21 as Float, 3.4e38])
  func `a huge update moves nothing: all is as if nobody had sent one`(
    kind: (String, String, String), value: Float
  ) throws {
    // A gradient that isn't finite is refused before.
    let value = kind.0.isEmpty ? value : min(value, 1e25)
    let listener = Listener()
    let attacked = try ServerBench(kind.0, codecs: kind.1, more: kind.2, observer: listener)
    let quiet = try ServerBench(kind.0, codecs: kind.1, more: kind.2)
    for round in 1...6 {
      // The last round of a stage, and one within a stage.
      let isBad = round == 2 || round == 5
      let good: [(Int, Float)] = [(0, 0.001 * Float(round)), (2, -0.002)]
      try attacked.play(round: round, isBad ? good + [(1, value)] : good)
      try quiet.play(round: round, isBad ? [] : good)
      if round == 5 { try attacked.restart() }
    }
    #expect(listener.rounds.map(\.round) == [2, 5])
    #expect(listener.rounds.allSatisfy { $0.farthest?.client == 1 })
    let digest = try attacked.finish()
    #expect(digest != nil)
    #expect(try quiet.finish() == digest)
    let rounds = try attacked.ledger.summary().rounds
    #expect(rounds.map(\.accepted) == [2, 0, 2, 2, 0, 2])
    #expect(rounds.map(\.refused) == [0, 3, 0, 0, 3, 0])
    #expect(rounds.map { $0.discarded != nil } == [false, true, false, false, true, false])
    #expect(rounds[1].accuracy == nil && rounds[1].loss == nil)
    #expect(rounds[2].accuracy != nil && rounds[2].loss != nil)
  }

  @Test func `the next round announces the model that clients hold already`() throws {
    let bench = try ServerBench(more: Self.open)
    let before = try bench.server.round(1).announce().model
    try bench.play(round: 1, [(0, 1e30)])
    let after = try bench.server.round(2).announce().model
    #expect(after.segments == before.segments)
  }

  /// Also for a broker that is killed after it.
  @Test func `an update of a discarded round isn't the last of its client that counts`() throws {
    let bench = try ServerBench(", correction: scaffold", more: Self.open)
    try bench.play(round: 1, [(0, 0.001), (1, 0.002)])
    #expect(try !bench.server.round(2).announce().model.followsDiscarded)
    let before = try bench.history.counted
    #expect(before.mapValues(\.round) == [0: 1, 1: 1])
    try bench.play(round: 2, [(0, 1e25), (2, 0.001)])
    #expect(try bench.server.round(3).announce().model.followsDiscarded)
    #expect(try bench.history.counted == before)
    try bench.restart()
    #expect(try bench.history.counted == before)
    try bench.play(round: 3, [(2, 0.001)])
    #expect(try bench.history.counted.mapValues(\.round) == [0: 1, 1: 1, 2: 3])
  }

  @Test func `norms of a discarded round limit nothing`() throws {
    let bench = try ServerBench(more: "limits: {normMultiple: 1e30}")
    // Nine norms are enough to be the measure, had they counted.
    for round in 1...3 { try bench.play(round: round, [(0, 1e25), (1, 1e25), (2, 1e25)]) }
    let checkpoint = try CheckpointStore(directory: bench.paths.checkpoints).latest().checkpoint
    let state = try #require(checkpoint.map { String(decoding: $0.state, as: UTF8.self) })
    #expect(state.contains("\"norms\":{\"accepted\":[]}"), "\(state)")
    #expect(try bench.ledger.summary().discarded.count == 3)
  }

  @Test func `a step beyond the norm guard is discarded, however small its updates are`() throws {
    let listener = Listener()
    let bench = try ServerBench(
      more: "server: {optimizer: fedadam, learningRate: 1000}", observer: listener)
    try bench.play(round: 1, [(0, 0.001)])
    guard case .tooFar(let norm, let limit)? = listener.rounds.first?.fault else {
      Issue.record("\(listener.rounds)")
      return
    }
    #expect(norm > limit && limit >= 10)
    let said = listener.rounds[0].description
    #expect(said.contains("limits.normMultiple") && said.contains("evict 0"), "\(said)")
  }

  @Test func `clients evaluate the model before a discarded one, which is no figure of the round`()
    throws
  {
    let bench = try ServerBench(more: "evaluation: {clients: all}\n\(Self.open)")
    let before = try bench.server.round(1).announce().model
    try bench.play(round: 1, [(0, 1e30)])
    #expect(bench.server.isEvaluating)
    let evaluated = try bench.server.round(1).announceEvaluation().model
    #expect(evaluated.segments.map(\.state) == before.segments.map(\.state))
    var result = EvaluationResult(round: 1, opened: .seconds(2), closed: .seconds(3))
    result.scores = [
      (0, HoldOutScores(base: Segment.base(of: []), samples: 4, points: 4, correct: 4, loss: 1))
    ]
    try bench.server.round(1).conclude(
      ClosedEvaluation(result: result, book: RoundBook(), total: .zero, elapsed: .seconds(3)))
    let round = try #require(try bench.ledger.summary().rounds.first)
    #expect(round.discarded != nil && round.accuracy == nil && round[.heldOutAccuracy] == nil)
  }

  @Test func `a run whose rounds are all discarded ends, and says so in valid JSON`() throws {
    let bench = try ServerBench(more: Self.open)
    for round in 1...6 { try bench.play(round: round, [(0, 1e30)]) }
    try bench.server.finish(state: .fruitless, book: RoundBook(), elapsed: .seconds(10))
    let summary = try bench.ledger.summary()
    #expect(try bench.ledger.acceptedUpdates() == 0)
    #expect(summary.problem?.contains("6 rounds discarded") == true)
    let read = try JSONDecoder().decode(RunSummary.self, from: Data(summary.json().utf8))
    #expect(read.discarded.map(\.round) == Array(1...6))
    #expect(read.counters.filter { $0.key.hasPrefix("round discarded: ") }.values.reduce(0, +) == 6)
  }

  @Test func `one discarded round is told as one`() throws {
    let bench = try ServerBench(more: Self.open)
    try bench.play(round: 1, [(0, 1e30)])
    try bench.server.finish(state: .fruitless, book: RoundBook(), elapsed: .seconds(10))
    let problem = try #require(try bench.ledger.summary().problem)
    #expect(problem.contains("; 1 round discarded"), "\(problem)")
  }

  @Test func `only a round of its own is told as discarded once later ones are run again`() throws {
    let bench = try ServerBench(more: Self.open)
    try bench.play(round: 1, [(0, 0.001)])
    try bench.play(round: 2, [(0, 1e30)])
    try bench.ledger.discardRounds(after: 1, keepingTraffic: true)
    let summary = try bench.ledger.summary()
    #expect(summary.rounds.map(\.round) == [1] && summary.discarded.isEmpty)
  }
}
