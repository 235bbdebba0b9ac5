import Dispatch
import Foundation
import Synchronization

/// Work in numbered parts that several threads share.
enum ParallelWork {
  /// The results of `body` for the numbers from 0 to `count` − 1, in order.
  ///
  /// - Throws: The error of the lowest number that fails, whatever the threads' order.
  static func map<Value: Sendable>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws(DatasetError) -> Value
  ) throws(DatasetError) -> [Value] {
    guard threads > 1, count > 1 else {
      return try (0..<count).map { (part) throws(DatasetError) in try body(part) }
    }
    let claimed = Atomic(0)
    let results = Mutex([Result<Value, DatasetError>?](repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
      // Parts are claimed in order, so that whatever comes before one that fails is done too.
      while true {
        let part = claimed.add(1, ordering: .relaxed).oldValue
        guard part < count else { return }
        let result = Result { () throws(DatasetError) in try body(part) }
        if case .failure = result { claimed.store(count, ordering: .relaxed) }
        results.withLock { $0[part] = result }
      }
    }
    var values: [Value] = []
    values.reserveCapacity(count)
    for result in results.withLock({ $0 }) {
      guard let result else { break }
      values.append(try result.get())
    }
    return values
  }
}

/// The circumstances of reading or writing many samples: the threads, and who is told how far it is
/// and may end it.
package struct SampleWork: Sendable {
  /// The number of threads.
  package var threads: Int
  /// A function that is told how many of how many samples are done; false ends the work.
  package var goesOn: (@Sendable (_ done: Int, _ all: Int) -> Bool)?

  /// Work on `threads` threads, at least one.
  package init(threads: Int, goesOn: (@Sendable (_ done: Int, _ all: Int) -> Bool)? = nil) {
    precondition(threads > 0, "work on \(threads) threads")
    self.threads = threads
    self.goesOn = goesOn
  }

  /// Work on all cores that nobody watches.
  package static var onAllCores: Self {
    Self(threads: ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Its part for one of `count` places that are read at the same time.
  package func part(of count: Int) -> Self {
    Self(threads: max(1, threads / max(1, count)), goesOn: count == 1 ? goesOn : nil)
  }

  /// Work on one thread that nobody watches.
  package static let alone = SampleWork(threads: 1)

  /// Runs `body` on consecutive ranges of `count` samples, `grain` in each but the last, and
  /// `gather` on its results, in order; `done` of `all` samples were done before.
  ///
  /// Few results wait for those before them, so that memory stays bounded.
  func run<Value: Sendable>(
    _ count: Int, grain: Int, path: String, done: Int = 0, of all: Int? = nil,
    _ body: @Sendable (Range<Int>) throws(DatasetError) -> Value,
    gather: (Value) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    var next = 0
    while next < count {
      let start = next
      let parts = min(threads == 1 ? 1 : 8 * threads, (count - start + grain - 1) / grain)
      let values = try ParallelWork.map(parts, threads: threads) { (part) throws(DatasetError) in
        let first = start + part * grain
        return try body(first..<min(first + grain, count))
      }
      for value in values { try gather(value) }
      next = min(start + parts * grain, count)
      if goesOn?(done + next, all ?? count) == false { throw .interrupted(path: path) }
    }
  }
}
