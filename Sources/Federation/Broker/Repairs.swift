import Bytes
import Wire

/// The bytes of a round's model that were sent again to each client, as far as they brought nobody
/// any further.
///
/// Who lacks less than ever before has got further, and with it all clients of its worker, whose
/// connections it shares: what was sent to them until then no longer counts. As a model has so many
/// chunks and no more, nobody gets further for ever.
package struct Repairs: Hashable, Sendable {
  /// The repairs of one client.
  private struct Course: Hashable {
    /// The worker that plays it.
    var worker: UInt64
    /// The bytes sent since it or another client of its worker got further, as of ``turn``.
    var bytes = 0
    /// The number of times that clients of its worker had got further when bytes were counted.
    var turn: Int
    /// The fewest chunks that it ever lacked.
    var lacking: Int
  }

  private var courses: [Int: Course] = [:]
  /// The number of times that some client of a worker got further.
  private var turns: [UInt64: Int] = [:]

  /// No repairs yet.
  package init() {}

  /// Notes the number of chunks that a client of `worker` lacks.
  package mutating func note(_ client: Int, of worker: UInt64, lacks lacking: Int) {
    guard var course = courses[client] else {
      courses[client] = Course(worker: worker, turn: turn(of: worker), lacking: lacking)
      return
    }
    if course.turn != turn(of: course.worker) { course.bytes = 0 }
    course.worker = worker
    if lacking < course.lacking {
      course.lacking = lacking
      course.bytes = 0
      turns[worker, default: 0] += 1
    }
    course.turn = turn(of: worker)
    courses[client] = course
  }

  /// Counts bytes that are to be sent to a client; false if they go beyond `limit`.
  package mutating func admit(_ bytes: Int, for client: Int, limit: Int) -> Bool {
    guard var course = courses[client] else { return bytes <= limit }
    let turn = turn(of: course.worker)
    if course.turn != turn { (course.bytes, course.turn) = (0, turn) }
    guard course.bytes + bytes <= limit else { return false }
    course.bytes += bytes
    courses[client] = course
    return true
  }

  private func turn(of worker: UInt64) -> Int { turns[worker] ?? 0 }
}

extension RoundModel {
  /// The number of chunks that a client lacks at most that asks for `needs`, which are the first of
  /// what it lacks.
  func lackingChunks(_ needs: [Need], of chunkBytes: Int) -> Int {
    func chunks(_ bytes: Int) -> Int { (bytes + chunkBytes - 1) / chunkBytes }
    let wanted = Dictionary(needs.map { ($0.digest, $0.ranges) }) { first, _ in first }
    var known: Set<Digest> = []
    let order = all.flatMap(\.steps).filter { known.insert($0.digest).inserted }
    // Of what comes after the last that it asks for nothing is known.
    guard let last = order.lastIndex(where: { wanted[$0.digest] != nil }) else { return .max }
    var sum = order[(last + 1)...].reduce(0) { $0 + chunks($1.length) }
    for (index, step) in order[...last].enumerated() {
      guard let ranges = wanted[step.digest] else { continue }
      guard let end = ranges.last?.upperBound else {
        sum += chunks(step.length)
        continue
      }
      sum += ranges.reduce(0) { $0 + chunks($1.upperBound) - $1.lowerBound / chunkBytes }
      if index == last { sum += max(0, chunks(step.length) - chunks(end)) }
    }
    return sum
  }
}
