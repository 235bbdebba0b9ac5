import Measures

/// Which clients a fault hits.
public enum FaultTarget: Hashable, Sendable {
  /// All of them.
  case fleet
  /// Those in these ranges of indices (from 0); indices that don't exist are left out.
  case clients([ClosedRange<Int>])
  /// Those of a group of the topology.
  case group(String)
  /// Each with this probability, drawn anew each time.
  case share(Double)

  /// The clients that are hit, in ascending order.
  ///
  /// - Parameters:
  ///   - count: how many clients there are.
  ///   - groups: the topology's groups; one that isn't there hits nobody.
  ///   - random: the occurrence's own stream.
  /// - Returns: indices from 0, ascending, each once.
  func clients(
    of count: Int, groups: [String: Range<Int>], random: RandomStream
  ) -> [Int] {
    switch self {
    case .fleet: return Array(0..<count)
    case .group(let name): return groups[name].map { Array($0.clamped(to: 0..<count)) } ?? []
    case .clients(let ranges):
      var clients: [Int] = []
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        let first = max(range.lowerBound, clients.last.map { $0 + 1 } ?? 0)
        let last = min(range.upperBound, count - 1)
        if first <= last { clients += first...last }
      }
      return clients
    case .share(let probability):
      let threshold = probability * 0x1p53
      return (0..<count).filter { Double(random.value(at: UInt64($0)) >> 11) < threshold }
    }
  }
}
