import Bytes
import Federation
import Progressive
import Wire

/// Values of the broker's machine, for tests of its parts.
enum Sample {
  static let plan = BrokerBench.plan(clients: 4)

  /// The model of round 1.
  static let model = RoundModel(
    stage: 1,
    PreparedModel(
      phase: plan.schedule.phase(in: 1), segments: BrokerBench.segments, updateLimit: 1000),
    depths: [])

  /// The models while round 1 is open.
  static let models = {
    var models = RoundModels()
    models.add(model, of: 1, staleness: 0)
    return models
  }()

  /// The clients that are there.
  static func presence(_ clients: [Int]) -> PresentClients {
    var presence = PresentClients(clients: 10, stages: 1)
    for client in clients { presence.insert(client, limit: nil) }
    return presence
  }

  /// The members, who are all there, each played by worker 100 and its number.
  static func members(_ clients: [Int]) -> Members {
    var members = Members(clients: 4, stages: 1, restrictions: [:])
    for client in clients {
      _ = members.listen(to: client)
      members.admit(client, join(UInt64(100 + client)), from: nil, at: .zero)
    }
    return members
  }

  /// A request of `worker`.
  static func join(_ worker: UInt64, maximalStage: Int? = nil) -> Join {
    Join(worker: worker, plan: BrokerBench.digest, maximalStage: maximalStage)
  }
}

extension ClientsAtWork {
  /// The clients that were asked in round 1.
  static func asked(_ clients: Int...) -> ClientsAtWork {
    var work = ClientsAtWork(round: 1)
    for client in clients { work.invite(client) }
    return work
  }

  /// Takes in a chunk.
  mutating func receive(_ range: Range<Int>, of client: Int, attempt: Int) -> ChunkAnswer {
    guard let progress = progress[client] else { return .isUseless("no part taken") }
    return receive(range, of: client, at: progress, attempt: attempt)
  }

  /// Takes in an offer of so many bytes.
  @discardableResult
  mutating func offer(_ client: Int, length: Int = 10) -> OfferAnswer {
    offer(
      client, BrokerBench.submission(BrokerBench.offer(length)), attempt: 0, limit: 1000,
      isFromKnownModel: true
    ).answer
  }

  /// Gives leave to those that are there, with so much room, and says to whom.
  @discardableResult
  mutating func grant(_ present: [Int] = [0, 1, 2, 3], bytes: Int = 1000) -> [Int] {
    var limits = ProtocolLimits()
    limits.bytesInFlight = bytes
    let plan = BrokerBench.plan(clients: 4, limits: limits)
    return grant(plan, Sample.models, Sample.presence(present)).granted
  }
}
