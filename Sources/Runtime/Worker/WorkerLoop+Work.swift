import Datasets
import Federation
import Ledger
import LocalTraining
import Wire
import ZeroMQ

// The clients' own work: they share what is here of the model, and train on the pool.
extension WorkerLoop: ClientExecutor {
  typealias Update = TrainedUpdate
  typealias Failure = any Error

  func welcomed(_ client: Int, by welcome: Welcome) throws -> Int? {
    joined += 1
    if let run = hosts[client]?.machine.membership?.run { try memories?.begin(run: run) }
    if shares == nil || seed != welcome.seed {
      seed = welcome.seed
      shares = try workload.shares(seed: welcome.seed)
    }
    report(.joined(clients: joined, of: settings.clients.count))
    // Of its own samples the machine knew before it joined.
    guard workload.data.own == nil, workload.data.programs == nil else { return nil }
    let samples = shares?.count(of: client) ?? 0
    if samples == 0 { report(.hasNoSamples(client: client)) }
    return samples
  }

  func open(_ step: ModelPatch, for client: Int) { store.open(step) }

  func reached(_ segment: Segment, by client: Int) { store.reach(segment) }

  func keep(_ states: Set<UInt64>, of client: Int) { storeIsStale = true }

  /// Submits a client's training to the pool.
  func train(_ task: ClientTask, client: Int) {
    report(.training(client: client, round: task.round, stage: task.stage))
    guard let states = states(of: task), let shares else {
      _ = inbox.push(
        .ended(
          client: client, round: task.round, .failed(.failed, detail: "segments are missing")))
      return
    }
    let cancellation = Cancellation()
    trainings[client] = cancellation
    pool.submit { [inbox, workload, seed, memories, report] lane in
      guard !cancellation.isCancelled else { return }
      // Its own samples are looked at now, and stay as they are until the training ends.
      let (learner, news) = shares.look(at: client)
      if let news { _ = inbox.push(.read(client: client, news)) }
      let result: LocalResult
      do throws(DatasetError) {
        var training = LocalTraining(
          workload: workload, task: task, client: client, seed: seed, states: states,
          learner: try learner.get(), memories: memories)
        training.isCancelled = { cancellation.isCancelled }
        training.lacksMemory = { report(.forgot(client: client, round: task.round)) }
        KillPoint.trainingBegun.pass()
        result = training.run(on: lane)
      } catch { result = .failed(error) }
      if case .trained(let offer, _, let memory?) = result, let memories {
        let keeping = MemoryKeeping(client: client, task: task, offer: offer)
        guard keeping.keep(memory, in: memories, cancellation, report) else { return }
      }
      _ = inbox.push(.ended(client: client, round: task.round, result))
    }
  }

  /// The states of a task's segments.
  ///
  /// The machine goes to work only when all were reached; nil for a worker that lost some, which
  /// says so.
  func states(of task: ClientTask) -> [SegmentState]? {
    let states = task.segments.compactMap { store.state($0.state) }
    storeIsStale = true
    return states.count == task.segments.count ? states : nil
  }

  func settled(_ client: Int, round: Int, accepted: Bool, update: TrainedUpdate?) {
    trainings.removeValue(forKey: client)?.cancel()
    storeIsStale = true
    if accepted { report(.counted(client: client, round: round)) }
  }

  // The machine has checked each grant against the offer, and offers only what the host keeps.
  func lacksUpdate(of client: Int, round: Int) {}

  func refused(_ client: Int, round: Int, _ reason: RefusalReason, detail: String) {
    report(
      round == 0
        ? .sumsRefused(client: client, reason, detail: detail)
        : .updateRefused(client: client, round: round, reason, detail: detail))
  }

  func turnedDown(_ client: Int, _ reason: RefusalReason, detail: String) {
    turnedDown.note(client, reason, detail, now)
  }

  func finished(_ client: Int, _ end: ClientEnd) {
    // Another plan concerns the worker as a whole: its end says it, once.
    if case .refused(let reason, let detail) = end, reason != .wrongPlan {
      report(.refused(client: client, reason, detail: detail))
    }
    if end == .complete { memories?.forget(client) }
    ends.append(end)
    hosts[client] = nil
  }
}
