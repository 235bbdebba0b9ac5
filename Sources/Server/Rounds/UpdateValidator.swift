import Bytes
import Codecs
package import Federation
package import LocalTraining
import Progressive
import Topology
import Wire

/// Judges the updates that come in: their bytes, what the client says of them, their numbers, their
/// norms.
package struct UpdateValidator {
  /// Decodes all updates of the run.
  package internal(set) var decoder = UpdateDecoder()
  /// The norms of the updates so far, which limit those to come.
  private(set) var norms: NormWatch
  private let workload: Workload
  /// The number of training samples that each client was dealt; none where they are its own.
  private let dealt: [Int]

  /// A validator of a run whose clients were dealt so many samples; none where they have their own,
  /// of which each offer says how many there are, no more than its client's JOIN did.
  package init(_ workload: Workload, _ plan: BrokerPlan, samples: [Int]) {
    self.workload = workload
    dealt = samples
    norms = NormWatch(workload, plan)
  }

  /// Takes up the norms that a checkpoint kept.
  mutating func restore(_ memory: NormGuard?) { norms.restore(memory) }

  /// Judges a client's update.
  ///
  /// - Parameters:
  ///   - bytes: The update's bytes.
  ///   - client: The client that sent it.
  ///   - form: The form that it must have.
  ///   - model: The model that it was trained from.
  /// - Returns: Accepted, or refused with a reason that names the first thing that is wrong.
  package mutating func validate(
    _ bytes: [UInt8], of client: Int, _ form: UpdateForm, against model: GlobalModel
  ) -> StoreResult {
    let offer = form.submission.offer
    guard Digest(of: bytes) == offer.digest else {
      return .refused(.wrongDigest, detail: "the bytes were damaged on the way")
    }
    guard offer.samples > 0 else {
      return .refused(.malformed, detail: "an update of no samples has no weight")
    }
    let samples = samples(of: client, offer)
    if let objection = objection(toSteps: offer.steps, samples) { return objection }
    do throws(CodecError) {
      let norm = try decoder.decode(bytes, form).norm()
      // What corrects gradients divides by the reach, which may be far below 1.
      let gradient = form.reach.map { Float(norm / ($0 * form.phase.newBlockRate)) } ?? 0
      guard norm.isFinite, gradient.isFinite else { return Self.notFinite }
      let objection = norms.objection(
        to: norm, of: client, samples: samples, in: form.phase
      ) { model.norm(of: form.layouts) }
      return objection.map { .refused(.tooFar, detail: $0) } ?? .accepted
    } catch .invalidValue {
      return Self.notFinite
    } catch {
      return .refused(.malformed, detail: "\(error)")
    }
  }

  private static let notFinite = StoreResult.refused(
    .notFinite, detail: "a number is infinite or not a number")

  /// The number of a client's samples, whatever it says itself where the broker knows.
  private func samples(of client: Int, _ offer: Offer) -> Int {
    dealt.indices.contains(client) ? dealt[client] : offer.samples
  }

  /// Refuses a number of steps that a client's samples aren't good for, where steps count.
  private func objection(toSteps steps: Int, _ samples: Int) -> StoreResult? {
    guard workload.countsSteps else { return nil }
    let most = workload.mostSteps(samples: samples)
    guard steps <= 0 || steps > most else { return nil }
    return .refused(
      .malformed, detail: "\(steps) steps; its samples are good for 1 to \(most)")
  }

  /// Measures an update that an earlier process validated, as the norms of the open round aren't
  /// kept.
  ///
  /// - Throws: `CodecError`, never for an update that was decoded.
  mutating func noteNorm(
    of update: [CheckedSegment], _ client: Int, _ form: UpdateForm
  ) throws(CodecError) {
    guard workload.topology.normMultiple != nil, !norms.knows(client) else { return }
    norms.measured(
      try update.norm(), of: client, samples: samples(of: client, form.submission.offer),
      in: form.phase)
  }

  /// The farthest of the updates that count in the open round; nil where none was measured.
  func farthest(of result: RoundResult) -> DiscardedRound.Farthest? {
    norms.farthest(of: result.accepted.map(\.client))
  }

  /// Has the accepted updates of a round that ended limit those to come.
  mutating func close(_ result: RoundResult) { norms.close(result) }
}
