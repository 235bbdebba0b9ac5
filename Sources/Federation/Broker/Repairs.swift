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
    /// The bytes sent since it or another client of its worker got further.
    var bytes = 0
    /// The fewest chunks that it ever lacked.
    var lacking: Int
  }

  private var courses: [Int: Course] = [:]

  /// No repairs yet.
  package init() {}

  /// Notes the number of chunks that a client of `worker` lacks.
  package mutating func note(_ client: Int, of worker: UInt64, lacks lacking: Int) {
    guard var course = courses[client] else {
      courses[client] = Course(worker: worker, lacking: lacking)
      return
    }
    course.worker = worker
    let hasGotFurther = lacking < course.lacking
    course.lacking = min(lacking, course.lacking)
    courses[client] = course
    guard hasGotFurther else { return }
    for (other, known) in courses where known.worker == worker { courses[other]?.bytes = 0 }
  }

  /// Counts bytes that are to be sent to a client; false if they go beyond `limit`.
  package mutating func admit(_ bytes: Int, for client: Int, limit: Int) -> Bool {
    let sum = (courses[client]?.bytes ?? 0) + bytes
    guard sum <= limit else { return false }
    courses[client]?.bytes = sum
    return true
  }
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
