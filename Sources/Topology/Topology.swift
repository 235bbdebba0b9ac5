import Codecs
package import Federation
package import Models
package import Neural
package import Progressive
package import Tensors

/// A run as a file describes it, checked: no value in it contradicts another.
package struct Topology: Sendable {
  /// The file, as it was named.
  package let file: String
  /// The file's text.
  package let source: String
  /// What the command line said in place of the text.
  package let overrides: Overrides
  /// What the run is called.
  package let name: String
  /// What all of the run's chance is derived from.
  package let seed: UInt64
  /// How many clients the fleet has; they are numbered from 0.
  package let clients: Int
  /// How the model is trained over the rounds.
  package let strategy: Strategy
  /// The model, made for the data's shape and classes.
  package let architecture: Architecture
  /// The safetensors file whose values the model starts from; nil for random ones.
  ///
  /// Only the broker reads it: clients get the values from the broker.
  package let startsFrom: String?
  /// How many relays stand between the broker and its workers, each for a part of the clients; 0 for none.
  package let relays: Int
  /// The rounds of each of the model's stages; end-to-end training has them all in the last.
  package let growthSchedule: GrowthSchedule
  /// What a new block and its head begin with.
  package let entry: BlockEntry
  /// The samples.
  package let data: DataSection
  /// What a client does with its samples in a round.
  package let training: TrainingSection
  /// How the broker steps the model by the clients' mean update.
  package let server: ServerSection
  /// When rounds begin and end.
  package let rules: RoundRules
  /// The clients whose memory is said to end at a stage, and that stage, from 1; see ``stageLimits``.
  package let caps: [Int: Int]
  /// How updates and the model become bytes.
  package let codecs: CodecsSection
  /// When the global model is tested.
  package let evaluation: EvaluationSection
  /// Waiting times and sizes of the protocol.
  package let limits: ProtocolLimits
  /// Who has which link and device, when clients are there, and what breaks: for virtual time.
  package let fleet: FleetModel
  /// The deepest stages that clients may train, by their caps and their devices' memory.
  package let stageLimits: StageLimits
  /// The largest norm of an update that counts; nil for any.
  package let updateNorm: Double?
  /// How many times the median of those before an update's norm may be; nil for any.
  package let normMultiple: Double?
  /// What each clock doesn't play, as the faults that it is to it.
  let unplayable: [Clock: [TopologyIssue]]
  /// Where the values stand that can only be judged once the data is read, by their keys.
  let places: [String: TopologyIssue.Place]

  /// The network that is trained at `stage`, from 1.
  package func network(stage: Int) -> Network {
    architecture.network(stage: stage, supervision: strategy == .mixed ? .all : .newest)
  }

  /// The segments of that network: blocks, then heads.
  package func layouts(stage: Int) -> [ParameterLayout] { network(stage: stage).layouts }

  /// Whether a segment that begins in `phase` is told by the seed that its values are drawn from, and not sent whole.
  ///
  /// Not what comes from a file, or goes on from what the model computed, or learned, without it.
  package func tellsSeed(of segment: SegmentName, in phase: Phase) -> Bool {
    guard codecs.tellsSeeds, startsFrom == nil else { return false }
    guard strategy.grows, phase.stage > 1 else { return true }
    return entry == .random && !(segment == .head(phase.stage) && continuesHead(of: phase.stage))
  }

  /// Whether the head of a stage takes over the values of the one that it replaces.
  private func continuesHead(of stage: Int) -> Bool {
    guard architecture.carriesHead else { return false }
    let heads = [stage - 1, stage].map { layouts(stage: $0).last?.parameters }
    return heads[0] == heads[1]
  }

  /// What a reader of `check` should know of the stages' ends.
  package var growthWarnings: [String] {
    guard growthSchedule.trigger != .planned else { return [] }
    return ["stages: each may end sooner than the forecast supposes, which takes the longest way"]
  }

  /// All rounds, T in the paper.
  package var rounds: Int { growthSchedule.totalRounds }

  /// The learning rate of the clients in `phase`.
  package func learningRate(in phase: Phase) -> Double {
    training.schedule.rate(
      base: training.settings.learningRate, round: phase.learningRateRound,
      of: phase.learningRateRounds)
  }

  /// What a broker of this topology runs, as incarnation `epoch` of `run`.
  package func brokerPlan(run: UInt64, epoch: Int) -> BrokerPlan {
    var plan = BrokerPlan(
      run: run, epoch: epoch, seed: seed, digest: planDigest, clients: clients,
      schedule: growthSchedule, learningRate: training.settings.learningRate,
      learningRateSchedule: training.schedule, updateCodec: codecs.up.spec, rules: rules,
      limits: limits)
    plan.earlyUpdateCodec = codecs.early?.up
    plan.earlyRounds = codecs.early?.rounds ?? 0
    plan.lossLimit = training.settings.lossLimit
    plan.confirmsUpdates = training.correction == .scaffold
    return plan
  }
}
