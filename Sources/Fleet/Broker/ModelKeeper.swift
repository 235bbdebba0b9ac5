import Codecs
import Datasets
import Digests
import Dispatch
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

/// The broker's slow work, in order and off the loop's thread: storing updates, aggregating, evaluating,
/// booking, and making the next model.
///
/// SAFETY of `@unchecked Sendable`: all mutable state is touched only by blocks on `queue`, which is
/// serial; `finish` reads it after the queue was drained.
final class ModelKeeper: @unchecked Sendable {
  private let workload: Workload
  private let plan: BrokerPlan
  private let pool: TrainingPool
  private let directory: RunPaths
  private let ledger: RunStore
  private let observer: any RunObserver
  private let inbox: Inbox<BrokerInput>
  private let queue = DispatchQueue(label: "progfed.model", qos: .userInitiated)

  private var model: GlobalModel
  private var spool: Spool?
  private var last: (record: RoundRecord, book: RoundBook)?
  private var accuracy: Double?
  private var loss: Double?
  private var collapse = CollapseWatch()
  private var failure: (any Error)?

  /// A keeper that books into `ledger` and answers through `inbox`.
  init(
    workload: Workload, plan: BrokerPlan, pool: TrainingPool, directory: RunPaths,
    ledger: RunStore, observer: any RunObserver, inbox: Inbox<BrokerInput>
  ) {
    self.workload = workload
    self.plan = plan
    self.pool = pool
    self.directory = directory
    self.ledger = ledger
    self.observer = observer
    self.inbox = inbox
    model = GlobalModel(workload: workload, seed: plan.seed)
  }

  /// Makes the model of `round`; answers with `prepared`.
  func prepare(round: Int) {
    perform { [self] in
      let phase = plan.schedule.phase(in: round)
      let (prepared, segments) = try model.prepare(phase)
      spool = try Spool(directory: directory.spool, round: round)
      _ = inbox.push(.prepared(prepared, segments))
    }
  }

  /// Checks a client's update and stores it durably; answers with `stored`.
  func store(round: Int, client: Int, attempt: Int, offer: Offer, bytes: [UInt8]) {
    perform { [self] in
      let result = try check(bytes, offer, round: round)
      if result == .accepted {
        _ = try spool?.store(client: client, attempt: attempt, bytes)
      }
      _ = inbox.push(.stored(round: round, client: client, result))
    }
  }

  /// Aggregates the accepted updates of a round, evaluates if it is due, and books the round.
  func close(_ result: RoundResult, book: RoundBook, total: TwoWayTraffic, elapsed: Duration) {
    perform { [self] in
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
  }

  /// Waits for all work, books what crossed after the last round, and keeps the model.
  ///
  /// - Throws: what went wrong in earlier work, or `LedgerError`.
  func finish(state: RunState, book: RoundBook, elapsed: Duration) throws {
    try queue.sync {
      if let failure { throw failure }
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
  }

  private func perform(_ work: @escaping @Sendable () throws -> Void) {
    queue.async { [self] in
      guard failure == nil else { return }
      do {
        try work()
      } catch {
        failure = error
        _ = inbox.push(.failed(error))
      }
    }
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
