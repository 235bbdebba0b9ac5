import Federation
import Ledger
import Server
import Measures
import Wire

/// What a ``LearningBackend`` has answered so far, without the bytes: enough to play a run in virtual time again up to here,
/// as all that isn't an answer follows from the topology and the seed.
struct AnswerJournal: Codable {
  /// How many calls were answered.
  private(set) var calls = 0
  /// Tells the calls, in their order, from other ones.
  private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
  /// The traces after the rounds that were closed.
  private(set) var traces: [UInt64] = []
  /// The models that were made, in the order in which they were asked for.
  private(set) var models: [Model] = []
  /// What came of storing updates, in the order in which they were stored.
  private(set) var stores: [Stored] = []
  /// How many trainings were begun.
  private(set) var trainings = 0
  /// What came of the trainings of which it was asked, by their numbers, from 0.
  var outcomes: [Int: Outcome] = [:]

  /// A call of a desk, as far as it can be told from others.
  enum Call {
    case prepare(round: Int)
    case begin(client: Int, round: Int)
    case keep(client: Int)
    case forget(client: Int)
    case store(round: Int, client: Int, attempt: Int)
    case close(ClosedRound)
  }

  /// Takes in that a call was answered.
  mutating func note(_ call: Call) {
    let numbers: [Int] =
      switch call {
      case .prepare(let round): [1, round]
      case .begin(let client, let round): [2, client, round]
      case .keep(let client): [3, client]
      case .forget(let client): [4, client]
      case .store(let round, let client, let attempt): [5, round, client, attempt]
      case .close(let round):
        // Its time and bytes tell other links and devices, which change nothing else.
        [
          6, round.result.round, round.result.accepted.count, round.total.wire.bytes,
          Int(round.elapsed / .nanoseconds(1)),
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
  mutating func note(_ model: PreparedModel) { models.append(Model(model)) }

  /// Takes in what came of storing an update.
  mutating func note(_ result: StoreResult) { stores.append(Stored(result)) }
}
