import Bytes
import Codecs
import Federation
import Foundation
import Ledger
import LocalTraining
import Progressive
import Server
import Tensors
import TestSupport
import Topology
import Wire

/// A server of a small network on synthetic images, and updates of any values for it.
final class ServerBench {
  let workload: Workload
  let plan: BrokerPlan
  let folder: Folder
  let paths: RunPaths
  private(set) var server: ServerState
  private(set) var ledger: RunStore
  private let observer: any RunObserver

  /// A server of three clients in three stages of two rounds.
  ///
  /// - Parameters:
  ///   - training: Further keys of `training`, each after a comma.
  ///   - codecs: The section `codecs`.
  ///   - rounds: The rounds of the stages.
  ///   - more: Further sections.
  ///   - observer: Is told of rounds.
  /// - Throws: what is wrong with the topology or the folder.
  init(
    _ training: String = "", codecs: String = "{up: dense32}", rounds: String = "[2, 2, 2]",
    more: String = "", observer: any RunObserver = Silence()
  ) throws {
    self.observer = observer
    workload = try Self.workload(training, codecs: codecs, rounds: rounds, more: more)
    var plan = workload.topology.brokerPlan(run: 5, epoch: 1)
    plan.dealtSamples = try workload.dealtSamples(seed: plan.seed)
    self.plan = plan
    folder = try Folder()
    paths = RunPaths(folder.url.appending(path: "run"))
    try FileManager.default.createDirectory(
      at: paths.directory, withIntermediateDirectories: true)
    ledger = try RunStore.create(
      at: paths.ledger, header: RunHeader(workload.topology, seed: 7, transport: "test"),
      origin: RunOrigin(workload.topology, run: 5), labels: [])
    server = try Self.server(workload, plan, paths, ledger, observer)
  }

  deinit { ledger.close() }

  /// The clients' turns, and which of their updates count, as the newest checkpoint has it.
  var history: ParticipationHistory {
    get throws {
      let found = try CheckpointStore(directory: paths.checkpoints).latest().checkpoint
      return found.flatMap(CheckpointState.init)?.history ?? ParticipationHistory()
    }
  }

  static func workload(
    _ training: String = "", codecs: String = "{up: dense32}", rounds: String = "[2, 2, 2]",
    more: String = ""
  ) throws -> Workload {
    let text = """
      name: tiny
      seed: 7
      clients: 3
      model: {name: convnet}
      data:
        name: synthetic
        limit: {train: 60, test: 20}
      stages: {rounds: \(rounds), warmUp: 0}
      codecs: \(codecs)
      training: {batch: 10, momentum: 0, weightDecay: 0\(training)}
      \(more)

      """
    return try Workload(
      try Topology(
        parsing: text, file: "tiny.yaml", overrides: Overrides(), checksFiles: false))
  }

  /// Has another process go on from the newest checkpoint, or from nothing.
  func restart() throws {
    let found = try CheckpointStore(directory: paths.checkpoints).latest().checkpoint
    let restored = found.flatMap { checkpoint in
      CheckpointState(checkpoint).map { RestoredModel(checkpoint: checkpoint, state: $0) }
    }
    server = try Self.server(workload, plan, paths, ledger, observer, restored)
  }

  private static func server(
    _ workload: Workload, _ plan: BrokerPlan, _ paths: RunPaths, _ ledger: RunStore,
    _ observer: any RunObserver, _ restored: RestoredModel? = nil
  ) throws -> ServerState {
    try ServerState(
      workload: workload, plan: plan, pool: TrainingPool(width: 1), directory: paths,
      ledger: ledger, observer: observer, labels: [], restored: restored)
  }

  /// An update of a round in which all values are `value`, with its offer.
  func update(
    _ value: Float, round: Int, model: PreparedModel, samples: Int = 20, steps: Int = 2
  ) throws -> (bytes: [UInt8], submission: Submission) {
    let phase = server.round(round).phase
    let layouts = workload.trainedLayouts(phase, depth: phase.stage)
    let bytes = try encoded(layouts.map { ($0, value) }, workload.topology.codecs.up)
    let offer = Offer(
      length: bytes.count, digest: Digest(of: bytes), samples: samples,
      base: Segment.base(of: model.segments), loss: 1, steps: steps, skippedSteps: 0)
    return (bytes, Submission(offer, round: round, stage: phase.stage))
  }

  /// Plays a round in which these clients send updates of these values, in this order.
  func play(round number: Int, _ values: [(client: Int, value: Float)]) throws {
    let round = server.round(number)
    let model = try round.announce().model
    var accepted: [(client: Int, outcome: RoundResult.Outcome)] = []
    for (client, value) in values {
      let (bytes, submission) = try update(value, round: number, model: model)
      guard try round.validate(bytes, of: client, attempt: 0, submission) == .accepted else {
        throw Unexpected(what: "client \(client)'s update of round \(number) is refused")
      }
      accepted.append((client, .accepted(submission)))
    }
    try server.sync()
    try close(number, accepted)
  }

  /// Ends a round with these outcomes.
  func close(_ number: Int, _ outcomes: [(client: Int, outcome: RoundResult.Outcome)]) throws {
    let result = RoundResult(
      round: number, opened: .seconds(number), closed: .seconds(number + 1),
      outcomes: outcomes.sorted { $0.client < $1.client }, duplicates: 0)
    try server.round(number).close(
      ClosedRound(
        result: result, book: RoundBook(), total: .zero, elapsed: .seconds(number + 1)))
  }

  /// Ends the run, and gives the last model's name.
  func finish() throws -> String? {
    try server.finish(state: .done, book: RoundBook(), elapsed: .seconds(10))
    return try ledger.summary().final.modelDigest?.hex
  }

  struct Unexpected: Error { var what: String }
}

/// An observer that passes over everything.
struct Silence: RunObserver {
  func closed(_ progress: RunProgress) {}
  func noticed(_ notice: BrokerNotice) {}
  func collapsed(round: Int, stage: Int, accuracy: Double) {}
}

/// The bytes of segments in which all values are the same.
func encoded(_ segments: [(ParameterLayout, Float)], _ codec: UpdateCodec) throws -> [UInt8] {
  UpdateFraming.join(
    try segments.map { layout, value in
      try codec.encode(
        ParameterVector(layout: layout, scalars: Array(repeating: value, count: layout.count)),
        key: 1)
    })
}
