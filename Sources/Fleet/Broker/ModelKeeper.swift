import Codecs
import Datasets
import Digests
import Federation
import Foundation
import Ledger
import Measures
import Models
import Neural
import Progressive
import Synchronization
import Tensors
import Topology
import Wire
import ZeroMQ

/// The broker's slow work: storing updates, aggregating, evaluating, booking, and making the next model.
///
/// Each call does its work before it returns, on the caller's thread; a ``KeeperQueue`` calls off the
/// loop's thread.
///
/// SAFETY of `@unchecked Sendable`: it has one caller at a time, a serial queue or a single thread.
final class ModelKeeper: @unchecked Sendable {
  private let workload: Workload
  private let plan: BrokerPlan
  private let pool: TrainingPool
  private let directory: RunPaths
  private let ledger: RunStore
  private let observer: any RunObserver

  private var model: GlobalModel
  private var spool: Spool?
  private var last: (record: RoundRecord, book: RoundBook)?
  private var accuracy: Double?
  private var loss: Double?
  private var collapse = CollapseWatch()

  /// A keeper that books into `ledger`.
  init(
    workload: Workload, plan: BrokerPlan, pool: TrainingPool, directory: RunPaths,
    ledger: RunStore, observer: any RunObserver
  ) {
    self.workload = workload
    self.plan = plan
    self.pool = pool
    self.directory = directory
    self.ledger = ledger
    self.observer = observer
    model = GlobalModel(workload: workload, seed: plan.seed)
  }

  /// Makes the model of `round`, and room for its updates.
  ///
  /// - Throws: `CodecError` if a value is no longer finite, `LedgerError`.
  func prepare(round: Int) throws -> (PreparedModel, [Digest: SharedBuffer]) {
    let prepared = try model.prepare(plan.schedule.phase(in: round))
    spool = try Spool(directory: directory.spool, round: round)
    return prepared
  }

  /// Checks a client's update and stores it durably.
  func store(
    round: Int, client: Int, attempt: Int, offer: Offer, bytes: [UInt8]
  ) throws -> StoreResult {
    let result = try check(bytes, offer, round: round)
    if result == .accepted {
      _ = try spool?.store(client: client, attempt: attempt, bytes)
    }
    return result
  }

  /// Aggregates the accepted updates of a round, evaluates if it is due, and books the round.
  func close(
    _ result: RoundResult, book: RoundBook, total: TwoWayTraffic, elapsed: Duration
  ) throws {
    let phase = plan.schedule.phase(in: result.round)
    try aggregate(result, phase)
    var record = RoundRecord(result, phase: phase, epochs: workload.topology.training.epochs)
    let schedule = plan.schedule
    if workload.topology.evaluation.isDue(after: result.round, of: schedule.totalRounds) {
      let evaluation = try evaluate(stage: phase.stage)
      record.accuracy = evaluation.accuracy
      record.loss = evaluation.meanLoss
      accuracy = evaluation.accuracy
      loss = evaluation.meanLoss
      if collapse.notices(
        evaluation.accuracy, stage: phase.stage, classes: workload.data.test.classes)
      {
        record.counters["collapse"] = 1
        observer.collapsed(
          round: result.round, stage: phase.stage, accuracy: evaluation.accuracy)
      }
    }
    try ledger.append(record, book: book)
    last = (record, book)
    observer.closed(
      RunProgress(
        record: record, rounds: schedule.totalRounds, stages: schedule.stages,
        accuracy: accuracy, total: total, elapsed: elapsed))
  }

  /// Books what crossed after the last round, and keeps the model.
  ///
  /// - Throws: `LedgerError`.
  func finish(state: RunState, book: RoundBook, elapsed: Duration) throws {
    var digest: Digest?
    if var (record, booked) = last {
      booked.merge(book)
      try ledger.append(record, book: booked)
      record.counters = [:]
      let stage = record.stage
      digest = model.digest(stage: stage)
      let tensors = model.parameters(stage: stage).flatMap { vector in
        vector.layout.parameters.indices.map { index in
          ("\(vector.layout.name).\(vector.layout.parameters[index].name)", vector.tensor(index))
        }
      }
      let file = SafeTensors(
        tensors: Dictionary(uniqueKeysWithValues: tensors),
        metadata: [
          "format": "pt", "architecture": workload.topology.architecture.name,
          "stage": "\(stage)", "round": "\(record.round)",
        ])
      try DurableFile.write(file.encoded(), to: directory.model)
    }
    try spool?.clear()
    try ledger.finish(
      FinalRecord(
        state: state, accuracy: accuracy, loss: loss, modelDigest: digest, elapsed: elapsed,
        wallClock: elapsed))
  }

  private func check(_ bytes: [UInt8], _ offer: Offer, round: Int) throws -> StoreResult {
    guard Digest(of: bytes) == offer.digest else {
      return .refused(.wrongDigest, detail: "the bytes were damaged on the way")
    }
    guard offer.samples > 0 else {
      return .refused(.malformed, detail: "an update of no samples has no weight")
    }
    do throws(CodecError) {
      let layouts = trainedLayouts(plan.schedule.phase(in: round))
      let parts = try UpdateFraming.split(bytes, count: layouts.count)
      var squares = 0.0
      for (part, layout) in zip(parts, layouts) {
        let update = try workload.topology.codecs.up.decode(part, layout: layout)
        for scalar in update.scalars { squares += Double(scalar) * Double(scalar) }
      }
      guard squares.isFinite else {
        return .refused(.notFinite, detail: "a number is infinite or not a number")
      }
      if let limit = workload.topology.updateNorm, squares.squareRoot() > limit {
        return .refused(
          .tooFar, detail: "a norm of \(squares.squareRoot().fixed(3)); the limit is \(limit)")
      }
      return .accepted
    } catch .invalidValue {
      return .refused(.notFinite, detail: "a number is infinite or not a number")
    } catch {
      return .refused(.malformed, detail: "\(error)")
    }
  }

  private func trainedLayouts(_ phase: Phase) -> [ParameterLayout] {
    zip(phase.segments, workload.network(stage: phase.stage).layouts)
      .filter { phase.trains($0.0) }.map(\.1)
  }

  private func aggregate(_ result: RoundResult, _ phase: Phase) throws {
    let accepted = result.accepted
    guard !accepted.isEmpty, let spool else { return }
    let entries = Dictionary(uniqueKeysWithValues: spool.entries.map { ($0.client, $0) })
    let weight = accepted.reduce(0.0) { $0 + Double($1.offer.samples) }
    var aggregator = Aggregator(
      layouts: trainedLayouts(phase), codec: workload.topology.codecs.up, totalWeight: weight)
    for (client, offer) in accepted {
      guard let entry = entries[client] else { continue }
      try aggregator.fold(try spool.read(entry), weight: Double(offer.samples))
    }
    model.apply(aggregator.mean, in: phase)
  }

  /// Evaluates on the test set, in parts of fixed size, so that sums don't depend on the threads.
  private func evaluate(stage: Int) throws -> Evaluation {
    let test = workload.data.test
    let network = workload.network(stage: stage)
    let batch = workload.topology.evaluation.batch
    let part = max(batch, (test.count + 15) / 16)
    let parts = stride(from: 0, to: test.count, by: part).map {
      $0..<min($0 + part, test.count)
    }
    let parameters = model.parameters(stage: stage)
    let results = Mutex<[Int: Result<Evaluation, any Error>]>([:])
    let augmentation = workload.topology.data.augmentation.forEvaluation
    let trainingBatch = workload.topology.training.batch
    pool.forEach(parts.count) { index, lane in
      let result = Result<Evaluation, any Error> {
        let trainer = try lane.trainer(
          for: network.network, stage: stage, batch: trainingBatch)
        var batches = SequentialBatches(
          dataset: test, samples: parts[index], augmentation: augmentation)
        return try trainer.evaluate(parameters, source: &batches, batch: batch)
      }
      results.withLock { $0[index] = result }
    }
    var total = Evaluation()
    for index in parts.indices {
      guard let part = try results.withLock({ $0[index] })?.get() else { continue }
      total.samples += part.samples
      total.correct += part.correct
      total.lossSum += part.lossSum
    }
    return total
  }
}
