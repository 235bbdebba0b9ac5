import Dispatch
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

  /// A pool of `width` lanes.
  package init(width: Int) {
    precondition(width > 0, "a pool of \(width) lanes")
    lanes = (0..<width).map { _ in TrainingLane() }
    queues = (0..<width).map { DispatchQueue(label: "progfed.lane.\($0)", qos: .userInitiated) }
    state = Mutex(State(idle: Array((0..<width).reversed())))
  }

  /// How many lanes there are.
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
