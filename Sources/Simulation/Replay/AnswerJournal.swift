package import Federation
import Ledger
import Measures
package import Server
import Wire

/// The answers of a ``LearningBackend`` so far, without the bytes.
///
/// They are enough to play a run in virtual time again up to here, as all else follows from the
/// topology and the seed.
package struct AnswerJournal: Codable, Hashable {
  /// The number of calls that were answered.
  package private(set) var calls = 0
  /// A hash of the calls in their order.
  package private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
  /// The traces after the rounds that were closed.
  package private(set) var traces: [UInt64] = []
  /// The models that were made, in the order in which they were asked for.
  package private(set) var models: [AnnouncedModel] = []
  /// The answers to the storing of updates, in the order in which they were stored.
  package private(set) var stores: [StoreResult] = []
  /// The number of trainings that were begun.
  package private(set) var trainings = 0
  /// The outcomes that were asked for, by the numbers of their trainings, from 0.
  package var outcomes: [Int: TrainingOutcome] = [:]
  /// The evaluations by clients; nil where there were none, and in journals of versions without
  /// them.
  package var evaluations: EvaluationJournal?

  /// A call of a backend, as far as it can be told from others.
  package enum Call {
    case prepare(round: Int)
    case begin(client: Int, round: Int)
    case keep(client: Int)
    case store(round: Int, client: Int, attempt: Int)
    case close(ClosedRound)
    case prepareEvaluation(round: Int)
    case evaluate(client: Int, round: Int)
    case conclude(ClosedEvaluation)
  }

  /// A journal of no calls.
  package init() {}

  /// Takes in that a call was answered.
  package mutating func note(_ call: Call) {
    let numbers: [Int] =
      switch call {
      case .prepare(let round): [1, round]
      case .begin(let client, let round): [2, client, round]
      case .keep(let client): [3, client]
      case .store(let round, let client, let attempt): [5, round, client, attempt]
      case .close(let round):
        // Its time and bytes tell other links and devices, which change nothing else.
        [
          6, round.result.round, round.result.accepted.count, round.total.wire.bytes,
          Int(round.elapsed / .nanoseconds(1)),
        ]
      case .prepareEvaluation(let round): [7, round]
      case .evaluate(let client, let round): [8, client, round]
      case .conclude(let evaluation):
        [
          9, evaluation.result.round, evaluation.result.scores.count,
          evaluation.total.wire.bytes, Int(evaluation.elapsed / .nanoseconds(1)),
        ]
      }
    // FNV-1a, by numbers instead of bytes.
    for number in numbers {
      trace = (trace ^ UInt64(bitPattern: Int64(number))) &* 0x100_0000_01b3
    }
    calls += 1
    if case .begin = call { trainings += 1 }
    if case .close = call { traces.append(trace) }
  }

  /// Takes in the model that was made.
  package mutating func note(_ model: PreparedModel) { models.append(AnnouncedModel(model)) }

  /// Takes in the answer to the storing of an update.
  package mutating func note(_ result: StoreResult) { stores.append(result) }
}
