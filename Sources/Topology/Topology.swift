import Codecs
package import Federation
package import Models
import Neural
package import Progressive
package import Tensors

/// A run as a file describes it, checked: no value in it contradicts another.
package struct Topology: Sendable {
  /// The file, as it was named.
  package let file: String
  /// The file's text.
  package let source: String
  /// The command line's values in place of the text's.
  package let overrides: Overrides
  /// The run's name.
  package let name: String
  /// The seed of all of the run's chance.
  package let seed: UInt64
  /// The number of clients, which are numbered from 0.
  package let clients: Int
  /// The strategy by which the model is trained.
  package let strategy: Strategy
  /// The model, made for the data's shape and classes.
  package let architecture: Architecture
  /// The safetensors file whose values the model starts from; nil for random ones.
  ///
  /// Only the broker reads it: clients get the values from the broker.
  package let startsFrom: String?
  /// The number of relays between the broker and its workers, each for a part of the clients; 0 for
  /// none.
  package let relays: Int
  /// The rounds of each of the model's stages; end-to-end training has them all in the last.
  package let growthSchedule: GrowthSchedule
  /// The first values of a new block and its head.
  package let entry: BlockEntry
  /// The samples.
  package let data: DataSection
  /// A client's local training in a round.
  package let training: TrainingSection
  /// The broker's step of the model by the clients' mean update.
  package let server: ServerSection
  /// The rules for the beginning and the end of rounds.
  package let rules: RoundRules
  /// The clients whose memory is said to end at a stage, and that stage, from 1; see
  /// ``stageLimits``.
  package let caps: [Int: Int]
  /// The sub-models that the clients of a round train.
  package let depth: DepthSection
  /// The codecs of updates and model.
  package let codecs: CodecsSection
  /// The rounds and samples of tests of the global model.
  package let evaluation: EvaluationSection
  /// Waiting times and sizes of the protocol.
  package let limits: ProtocolLimits
  /// The fleet in virtual time: links, devices, availability and faults.
  package let fleet: FleetModel
  /// The deepest stages that clients may train, by their caps and their devices' memory.
  package let stageLimits: StageLimits
  /// The largest norm of an update that counts; nil for any.
  package let updateNorm: Double?
  /// The largest multiple of the median of earlier norms that an update's norm may be; nil for any.
  package let normMultiple: Double?
  /// The keys that have no effect on a clock, as faults.
  let unplayable: [Clock: [TopologyIssue]]
  /// The places of values that can only be judged once the data is read, by their keys.
  let places: [String: TopologyIssue.Place]

  /// The sub-model that is trained at `stage`, from 1.
  package func subModel(stage: Int) -> SubModel {
    architecture.subModel(stage: stage, supervision: strategy.usesAllHeads ? .all : .newest)
  }

  /// The segments of that sub-model: blocks, then heads.
  package func layouts(stage: Int) -> [ParameterLayout] { subModel(stage: stage).layouts }

  /// True if a segment that begins in `phase` is told by the seed of its values and not sent whole.
  ///
  /// Segments whose values come from a file, or go on from the smaller model, are sent whole.
  package func tellsSeed(of segment: SegmentName, in phase: Phase) -> Bool {
    guard codecs.tellsSeeds, startsFrom == nil else { return false }
    guard strategy.grows, phase.round > 1 else { return true }
    switch segment {
    case .head(let stage) where stage > 1: return entry == .random && !continuesHead(of: stage)
    case .block(let stage) where stage > 1:
      return entry == .random && !architecture.carriesBlock(to: stage)
    default: return entry == .random
    }
  }

  /// True if the head of a stage takes over the values of the one that it replaces.
  private func continuesHead(of stage: Int) -> Bool {
    guard architecture.carriesHead(to: stage), let new = layouts(stage: stage).last,
      let old = layouts(stage: stage - 1).last
    else { return false }
    return new.hasShapes(of: old)
  }

  /// Advice on the stages' ends for readers of `check`.
  package var growthWarnings: [String] {
    var warnings: [String] = []
    if growthSchedule.trigger != .planned {
      warnings.append(
        "stages: each may end sooner than the forecast supposes, which takes the longest way")
    }
    if growthSchedule.resting > 0 {
      warnings.append(
        "stages: \(growthSchedule.resting) of the blocks rest in a round, by how far they moved; the "
          + "forecast and the cost model suppose that all are trained and sent")
    }
    return warnings
  }

  /// All rounds, T in the paper.
  package var rounds: Int { growthSchedule.totalRounds }

  /// True if clients remember something from one update that counts to the next.
  package var clientsRemember: Bool {
    codecs.errorFeedback || training.correction == .scaffold
  }

  /// The learning rate of the clients in `phase`.
  package func learningRate(in phase: Phase) -> Double {
    training.schedule.rate(
      base: training.settings.learningRate, round: phase.learningRateRound,
      of: phase.learningRateRounds)
  }

  /// The plan of a broker of this topology, as incarnation `epoch` of `run`.
  package func brokerPlan(run: UInt64, epoch: Int) -> BrokerPlan {
    var plan = BrokerPlan(
      run: run, epoch: epoch, seed: seed, digest: planDigest, clients: clients,
      schedule: growthSchedule, learningRate: training.settings.learningRate,
      learningRateSchedule: training.schedule, updateCodec: codecs.up.spec, rules: rules,
      limits: limits)
    plan.text = PlanBytes(self.plan)
    plan.earlyUpdateCodec = codecs.early?.up
    plan.earlyRounds = codecs.early?.rounds ?? 0
    plan.lossLimit = training.settings.lossLimit
    plan.evaluation = evaluationRules
    plan.toldLabels = data.telling.labels ? architecture.classes : nil
    plan.measuring = measuringRules
    plan.clientsRemember = clientsRemember
    plan.confirmsUpdates = training.correction == .scaffold
    plan.depths = depthPlan
    return plan
  }
}
