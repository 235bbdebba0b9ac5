import Dispatch
package import Neural
package import OneDNN
import Synchronization

/// A fixed number of lanes on Dispatch; each runs one job at a time and keeps its own trainers.
///
/// Jobs start in the order in which they were submitted. What a job computes doesn't depend on its
/// lane, so results are the same for any number of lanes.
package final class TrainingPool: Sendable {
  /// Work for a lane.
  package typealias Job = @Sendable (TrainingLane) -> Void

  private struct State {
    var waiting: [Job] = []
    var idle: [Int]
  }

  private let lanes: [TrainingLane]
  private let queues: [DispatchQueue]
  private let state: Mutex<State>

  /// A pool of `width` lanes; each calls `whenCompiled` when a network has been compiled on it.
  package init(width: Int, whenCompiled: @escaping @Sendable () -> Void = {}) {
    precondition(width > 0, "a pool of \(width) lanes")
    lanes = (0..<width).map { _ in TrainingLane(whenCompiled: whenCompiled) }
    queues = (0..<width).map { DispatchQueue(label: "progfed.lane.\($0)", qos: .userInitiated) }
    state = Mutex(State(idle: Array((0..<width).reversed())))
  }

  /// The number of lanes.
  var width: Int { lanes.count }

  /// Runs `job` as soon as a lane is free.
  package func submit(_ job: @escaping Job) {
    let lane = state.withLock { state -> Int? in
      guard let lane = state.idle.popLast() else {
        state.waiting.append(job)
        return nil
      }
      return lane
    }
    if let lane { run(job, on: lane) }
  }

  /// Runs `work` for each index on the pool and waits for all.
  package func forEach(_ count: Int, _ work: @escaping @Sendable (Int, TrainingLane) -> Void) {
    let group = DispatchGroup()
    for index in 0..<count {
      group.enter()
      submit { lane in
        work(index, lane)
        group.leave()
      }
    }
    group.wait()
  }

  private func run(_ job: @escaping Job, on lane: Int) {
    queues[lane].async { [self] in
      job(lanes[lane])
      let next = state.withLock { state -> Job? in
        guard !state.waiting.isEmpty else {
          state.idle.append(lane)
          return nil
        }
        return state.waiting.removeFirst()
      }
      if let next { run(next, on: lane) }
    }
  }
}

/// A lane of the pool, which keeps its trainer between jobs.
///
/// SAFETY of `@unchecked Sendable`: a lane's jobs run one after the other on its serial queue, and
/// nothing else touches it.
package final class TrainingLane: @unchecked Sendable {
  private var trainer: (stage: Int, batch: Int, trainer: Trainer)?
  private let whenCompiled: @Sendable () -> Void

  /// A lane that calls `whenCompiled` when a network has been compiled on it.
  init(whenCompiled: @escaping @Sendable () -> Void) { self.whenCompiled = whenCompiled }

  /// The lane's trainer for `network` at `stage`, made at the first use and kept until the stage
  /// changes.
  ///
  /// - Throws: `DNNLError` if the network can't be compiled.
  package func trainer(for network: Network, stage: Int, batch: Int) throws(DNNLError) -> Trainer {
    if let (known, size, trainer) = trainer, known == stage, size == batch {
      // The setting is per thread, and Dispatch may run the lane on another one now.
      Library.useOneThread()
      return trainer
    }
    trainer = nil
    let fresh = try Trainer(network: network, batch: batch)
    fresh.whenCompiled = whenCompiled
    trainer = (stage, batch, fresh)
    return fresh
  }
}

/// Tells a training that waits for a lane that its result is no longer needed.
package final class Cancellation: Sendable {
  private let flag = Atomic(false)

  /// A cancellation that nobody has asked for yet.
  package init() {}

  /// True once the work can be left.
  package var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// The work's result is no longer needed.
  package func cancel() { flag.store(true, ordering: .relaxed) }
}
