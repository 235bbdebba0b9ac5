import Bytes
package import Wire

extension Segment {
  /// The steps that lead from one of the `held` states, or from nothing, to the announced state.
  ///
  /// Of all ways the one of the fewest bytes; of equal ones the first in the list's order. So a
  /// client that holds the state before the last gets the last difference, and a new client the
  /// keyframe with all that followed:
  ///
  /// ```swift
  /// segment.path(from: [before])  // [difference]
  /// segment.path(from: [])  // [keyframe, difference]
  /// ```
  ///
  /// - Returns: None if the state is held; nil if no way leads there.
  package func path(from held: some Collection<UInt64>) -> [ModelPatch]? {
    var ways = Dictionary(held.map { ($0, (bytes: 0, last: nil as Int?)) }) { first, _ in first }
    // Each step is listed after those that lead to where it begins, so one pass finds the shortest.
    for (index, step) in steps.enumerated() {
      guard let before = step.from.map({ ways[$0]?.bytes }) ?? 0 else { continue }
      let bytes = before + step.length
      if let known = ways[step.to], known.bytes <= bytes { continue }
      ways[step.to] = (bytes, index)
    }
    var path: [ModelPatch] = []
    var state: UInt64? = self.state.prefix
    while let target = state, let way = ways[target], path.count <= steps.count {
      guard let last = way.last else { return path.reversed() }
      path.append(steps[last])
      state = steps[last].from
    }
    return state == nil && !path.isEmpty && path.count <= steps.count ? path.reversed() : nil
  }
}
