/// How often a ``ZAPHandler`` gave each answer.
package struct ZAPCounters: Hashable, Sendable {
  /// Peers let in.
  package var accepted = 0
  /// Peers refused for good.
  package var refused = 0
  /// Peers told nothing, to come back later.
  package var deferred = 0
  /// Requests that could not be decided or read.
  package var failed = 0

  /// Nothing answered yet.
  package init() {}

  mutating func count(_ decision: ZAPDecision) {
    switch decision {
    case .accept: accepted += 1
    case .refuse: refused += 1
    case .retryLater: deferred += 1
    case .fail: failed += 1
    }
  }
}
