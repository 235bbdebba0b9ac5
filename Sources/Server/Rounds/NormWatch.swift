import Codecs
import Federation
import LocalTraining
import Measures
import Progressive
import Topology

/// Measures updates as they come, and remembers those that counted when their round ends.
struct NormWatch {
  private let workload: Workload
  private let plan: BrokerPlan
  private var norms = NormGuard()
  /// The updates of the open round that were stored, by client.
  private var open: [Int: NormGuard.Measure] = [:]

  /// A watch that has seen nothing.
  init(_ workload: Workload, _ plan: BrokerPlan) {
    self.workload = workload
    self.plan = plan
  }

  /// The norms to be kept in a checkpoint; nil where norms aren't limited.
  var memory: NormGuard? { workload.topology.normMultiple == nil ? nil : norms }

  /// Takes up what a checkpoint kept.
  mutating func restore(_ memory: NormGuard?) { norms = memory ?? NormGuard() }

  /// True if a client's update of the open round was measured.
  func knows(_ client: Int) -> Bool { open[client] != nil }

  /// The client whose update of the open round has the largest norm of these clients', with that
  /// norm; nil where none was measured.
  func farthest(of clients: [Int]) -> DiscardedRound.Farthest? {
    clients.compactMap { client in
      open[client].map { DiscardedRound.Farthest(client: client, norm: $0.norm) }
    }.max { $0.norm < $1.norm }
  }

  /// Holds an update against the limits; nil if it isn't too far, and then it is remembered.
  ///
  /// - Parameters:
  ///   - norm: The update's norm.
  ///   - client: The client of the update.
  ///   - samples: The number of samples that the client was dealt, whatever it says itself.
  ///   - phase: The phase of the round for which it was trained.
  ///   - start: The norm of the values that were trained.
  /// - Returns: The objection in words.
  mutating func objection(
    to norm: Double, of client: Int, samples: Int, in phase: Phase, start: () -> Double
  ) -> String? {
    let topology = workload.topology
    if let limit = topology.updateNorm, norm > limit {
      return "a norm of \(Self.text(norm)); the limit is \(limit) (limits.updateNorm)"
    }
    let measure = measure(norm, samples: samples, in: phase)
    if let multiple = topology.normMultiple,
      let objection = norms.objection(to: measure, beyond: multiple, start: start())
    {
      let (limit, times) = (Self.text(objection.limit), Self.text(multiple))
      let what =
        objection.known.map { "the median of the \($0) updates before" }
        ?? "the norm of what it was trained from, while too few updates are known"
      return
        "a norm of \(Self.text(norm)); the limit is \(limit), \(times) times \(what) "
        + "(limits.normMultiple)"
    }
    open[client] = measure
    return nil
  }

  /// Remembers the norm of an update that was stored, as ``objection(to:of:samples:in:start:)``
  /// does.
  mutating func measured(_ norm: Double, of client: Int, samples: Int, in phase: Phase) {
    open[client] = measure(norm, samples: samples, in: phase)
  }

  /// A round has ended: those updates that count in it are what later ones are compared with.
  mutating func close(_ result: RoundResult) {
    norms.note(result.accepted.compactMap { open[$0.client] })
    open = [:]
  }

  private func measure(_ norm: Double, samples: Int, in phase: Phase) -> NormGuard.Measure {
    let training = workload.topology.training
    let steps = training.localSteps.norm(of: workload.mostSteps(samples: samples))
    return NormGuard.Measure(
      kind: NormGuard.Kind(
        step: phase.step, warmUp: phase.warmUp,
        codec: workload.topology.codecs.up(in: phase).spec, blocks: phase.fewerBlocks),
      norm: norm, reach: steps * plan.learningRate(in: phase) * phase.newBlockRate)
  }

  /// A number as people read it, also a very large one.
  private static func text(_ number: Double) -> String {
    number < 1e6 ? number.fixed(number < 0.01 ? 6 : 3) : "\(Float(number))"
  }
}
