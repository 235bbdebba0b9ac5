package import Bytes
package import Codecs
package import Progressive

/// The broker's plan: fixed for the whole run.
package struct BrokerPlan: Hashable, Sendable {
  /// The run's number, drawn at its start.
  package var run: UInt64
  /// The broker's incarnation, from 1.
  package var epoch: Int
  /// The run's seed.
  package var seed: UInt64
  /// The digest of what broker and clients must agree on.
  package var digest: Digest
  /// The text that has this digest, for workers that ask for it; nil where it isn't handed out.
  package var text: PlanBytes?
  /// The number of clients in the fleet; they are numbered from 0.
  package var clients: Int
  /// The rounds of each stage.
  package var schedule: GrowthSchedule
  /// The learning rate before any decay.
  package var learningRate: Double
  /// The course of the learning rate.
  package var learningRateSchedule: LearningRateSchedule
  /// The codec of the updates.
  package var updateCodec: CodecSpec
  /// Another one for the first `earlyRounds` rounds of each stage; nil for the same.
  package var earlyUpdateCodec: CodecSpec?
  /// The number of rounds of a stage that count as its first.
  package var earlyRounds = 0
  /// True if clients remember something from one update that counts to the next: a round tells each
  /// of them which that was.
  package var clientsRemember = false
  /// True if clients that join after a restart are told at once that their updates count.
  ///
  /// The round may end at once, and people like to hear it.
  package var confirmsUpdates = false
  /// The number of samples that each client was dealt, the most that it may have; empty where that
  /// isn't known.
  package var dealtSamples: [Int] = []
  /// The number of labels of which clients tell how many samples they have; nil where they don't.
  package var toldLabels: Int?
  /// True if clients' samples may change while the run goes on, so that one without any may have
  /// some later.
  package var samplesMayChange = false
  /// The number of samples that each client was dealt and holds out; empty where that isn't known.
  package var dealtHoldOuts: [Int] = []
  /// The rules of evaluations on what clients hold out; nil for none.
  package var evaluation: EvaluationRules?
  /// The rules by which clients report sums over their training samples before the first round; nil
  /// where the normalization is known without them.
  package var measuring: MeasuringRules?
  /// The largest mean loss that an update may report; nil for any.
  package var lossLimit: Double?
  /// The plan by which the depth is chosen that each client trains; nil where all train the same.
  package var depths: DepthPlan?
  /// The rules for the beginning and the end of rounds.
  package var rules: RoundRules
  /// Waiting times and sizes.
  package var limits: ProtocolLimits

  /// A plan of the given parts.
  package init(
    run: UInt64, epoch: Int, seed: UInt64, digest: Digest, clients: Int, schedule: GrowthSchedule,
    learningRate: Double, learningRateSchedule: LearningRateSchedule, updateCodec: CodecSpec,
    rules: RoundRules, limits: ProtocolLimits
  ) {
    self.run = run
    self.epoch = epoch
    self.seed = seed
    self.digest = digest
    self.clients = clients
    self.schedule = schedule
    self.learningRate = learningRate
    self.learningRateSchedule = learningRateSchedule
    self.updateCodec = updateCodec
    self.rules = rules
    self.limits = limits
  }

  /// The codec of the updates in `phase`.
  package func updateCodec(in phase: Phase) -> CodecSpec {
    guard phase.roundInStep <= earlyRounds else { return updateCodec }
    return earlyUpdateCodec ?? updateCodec
  }

  /// The learning rate of the clients in `phase`.
  package func learningRate(in phase: Phase) -> Double {
    learningRateSchedule.rate(
      base: learningRate, round: phase.learningRateRound, of: phase.learningRateRounds)
  }
}
