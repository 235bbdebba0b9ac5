import Foundation
import Measures
import Topology

/// Topologies drawn from seeds: equal seeds give equal texts.
///
/// Values are drawn one by one, whether or not they go together; of several texts the first one is
/// taken that is a topology.
struct RandomTopology {
  /// The topology's text.
  let text: String
  /// What it says.
  let topology: Topology

  /// The first text of `draw` that is a topology.
  init(seed: UInt64, _ draw: (inout RandomStream) -> String) throws {
    let random = RandomStream(seed: seed).stream("random topology")
    var failure: (any Error)?
    for attempt in 0..<100 {
      var stream = random.stream("attempt", attempt)
      let text = "name: seed-\(seed)\nseed: \(seed)\n" + draw(&stream)
      do {
        topology = try Topology(parsing: text, file: "seed-\(seed).yaml", checksFiles: false)
        self.text = text
        return
      } catch { failure = error }
    }
    throw Failure.noTopology(
      "seed \(seed): 100 texts, and none is a topology; the last: \(failure.map { "\($0)" } ?? "")")
  }

  /// Why there is none.
  enum Failure: Error { case noTopology(String) }

  /// The first of all seeds, as many as `count` or as the environment's PROGFED_SEEDS says: a
  /// number, or a range as in 7-7, to play what a failure named.
  static func seeds(_ count: UInt64) -> [UInt64] {
    let asked = ProcessInfo.processInfo.environment["PROGFED_SEEDS"] ?? ""
    let ends = asked.split(separator: "-").compactMap { UInt64($0) }
    switch ends.count {
    case 1: return Array(1...max(1, ends[0]))
    case 2 where ends[0] <= ends[1]: return Array(ends[0]...ends[1])
    default: return Array(1...count)
    }
  }

  /// Does what may bring this process down; then the topology is left in a file that says which it
  /// was.
  func whileWrittenDown<Result>(_ body: () throws -> Result) throws -> Result {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "progfed-crashed-\(topology.name).yaml")
    try text.write(to: file, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body()
  }
}

extension RandomStream {
  /// True if something of this probability happens.
  mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

  /// One of some values.
  mutating func one<Value>(of values: [Value]) -> Value {
    values[Int.random(in: values.indices, using: &self)]
  }

  /// A number of a range.
  mutating func whole(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// A time as YAML has it, as likely short as long, with as many digits as a number has.
  mutating func time(_ range: ClosedRange<Double>) -> String {
    let (low, high) = (log(range.lowerBound), log(range.upperBound))
    let seconds = exp(low + (high - low) * uniform())
    return happens(0.3) ? "\(seconds.rounded(.up)) s" : "\(seconds) s"
  }

  /// A line of keys, each with its probability of being there.
  mutating func keys(
    _ entries: [(probability: Double, key: String, value: (inout RandomStream) -> String)]
  ) -> String {
    let lines = entries.compactMap { entry in
      happens(entry.probability) ? "\(entry.key): \(entry.value(&self))" : nil
    }
    return "{\(lines.joined(separator: ", "))}"
  }
}
