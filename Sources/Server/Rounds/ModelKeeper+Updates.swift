import Bytes
import Codecs
import Datasets
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Models
import Neural
import Progressive
import Synchronization
import Tensors
import Topology
import Wire

extension ModelKeeper {
  /// Judges an update that came whole: its bytes, its numbers, and how far it goes.
  func check(
    _ bytes: [UInt8], _ submission: Submission, of client: Int
  ) throws -> StoreResult {
    let offer = submission.offer
    guard Digest(of: bytes) == offer.digest else {
      return .refused(.wrongDigest, detail: "the bytes were damaged on the way")
    }
    guard offer.samples > 0 else {
      return .refused(.malformed, detail: "an update of no samples has no weight")
    }
    let samples = try countSamples()[client]
    if workload.countsSteps {
      let most = workload.mostSteps(samples: samples)
      guard offer.steps > 0, offer.steps <= most else {
        return .refused(
          .malformed, detail: "\(offer.steps) steps; its samples are good for 1 to \(most)")
      }
    }
    do throws(CodecError) {
      let norm = try norm(of: bytes, submission)
      let least = reach(submission).map { $0 * course.phase(in: submission.round).newBlockRate }
      let gradient = least.map { Float(norm / $0) } ?? 0
      guard norm.isFinite, gradient.isFinite else {
        return .refused(.notFinite, detail: "a number is infinite or not a number")
      }
      let phase = course.phase(in: submission.round)
      let problem = norms.objection(to: norm, of: client, samples: samples, in: phase) {
        model.norm(of: trainedLayouts(submission))
      }
      if let problem { return .refused(.tooFar, detail: problem) }
      return .accepted
    } catch .invalidValue {
      return .refused(.notFinite, detail: "a number is infinite or not a number")
    } catch {
      return .refused(.malformed, detail: "\(error)")
    }
  }

  /// An update's norm, over all that it covers.
  ///
  /// - Throws: `CodecError` for bytes that aren't an update of what was trained.
  private func norm(of bytes: [UInt8], _ submission: Submission) throws(CodecError) -> Double {
    let (layouts, codec) = (trainedLayouts(submission), codec(submission))
    var squares = 0.0
    for (part, layout) in zip(try UpdateFraming.split(bytes, count: layouts.count), layouts) {
      let update = try codec.decode(part, layout: layout)
      for scalar in update.scalars { squares += Double(scalar) * Double(scalar) }
    }
    return squares.squareRoot()
  }

  /// Remembers how far those updates went that count; what was stored before a restart is measured again.
  func noteNorms(_ result: RoundResult) throws {
    guard workload.topology.normMultiple != nil else { return }
    for (client, submission) in result.accepted where !norms.knows(client) {
      guard let update = try update(of: client) else { continue }
      norms.measured(
        try norm(of: update.bytes, submission), of: client, samples: try countSamples()[client],
        in: course.phase(in: submission.round))
    }
    norms.close(result)
  }

  /// A client's update in the round's spool; nil if there is none.
  private func update(of client: Int) throws -> SpooledUpdate? {
    guard let entry = spool?.entry(of: client) else { return nil }
    return SpooledUpdate(try spool?.read(entry) ?? [])
  }

  /// The codec of an update: that of the round for which it was trained.
  private func codec(_ submission: Submission) -> UpdateCodec {
    workload.topology.codecs.up(in: course.phase(in: submission.round))
  }

  /// The segments that an update covers, by the round and stage that it was trained for.
  private func trainedLayouts(_ submission: Submission) -> [ParameterLayout] {
    workload.trainedLayouts(course.phase(in: submission.round), depth: submission.stage)
  }

  /// How far a client's steps reached, where its update tells what corrects its gradients; else nil.
  private func reach(_ submission: Submission) -> Double? {
    let phase = course.phase(in: submission.round)
    guard model.controls != nil, submission.stage == phase.stage else { return nil }
    return workload.topology.training.localSteps.reach(
      of: submission.offer.steps, rate: Float(plan.learningRate(in: phase)))
  }

  private func countSamples() throws -> [Int] {
    if sampleCounts.isEmpty {
      sampleCounts = try workload.partition(seed: plan.seed).map(\.count)
    }
    return sampleCounts
  }

  /// Steps by the updates that count; returns how the step's block moves, where that is known.
  func aggregate(_ result: RoundResult, _ phase: Phase) throws -> Double? {
    let contributions = result.contributions(plan.rules)
    var aggregator = Aggregator()
    var gradients = Aggregator()
    for contribution in contributions {
      let layouts = trainedLayouts(contribution.submission)
      aggregator.expect(
        layouts, denominatorWeight: contribution.denominatorWeight,
        localSteps: workload.localSteps(of: contribution.submission.offer))
      guard reach(contribution.submission) != nil else { continue }
      gradients.expect(layouts, denominatorWeight: contribution.denominatorWeight)
    }
    for contribution in contributions {
      // What was acknowledged counts: a round is never closed without it.
      guard let update = try update(of: contribution.client) else {
        throw LedgerError.damaged(
          path: directory.spool.path,
          problem: "client \(contribution.client)'s update of round \(result.round) is gone")
      }
      let (layouts, codec) = (
        trainedLayouts(contribution.submission), codec(contribution.submission)
      )
      try aggregator.fold(
        update.bytes, of: layouts, codec: codec, weight: contribution.weight,
        localSteps: workload.localSteps(of: contribution.submission.offer))
      guard let reach = reach(contribution.submission) else { continue }
      try gradients.fold(
        update.bytes, of: layouts, codec: codec, weight: contribution.weight / reach)
    }
    if model.controls != nil {
      let weight = try countSamples().reduce(0) { $0 + plan.rules.weight(samples: $1) }
      model.controls?.step(gradients.means, in: phase) {
        gradients.denominatorWeight(of: $0) / weight
      }
    }
    return model.apply(aggregator.means, in: phase)
  }
}
