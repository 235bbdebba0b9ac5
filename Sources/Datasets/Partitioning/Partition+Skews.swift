import Foundation
import Measures

extension Partition {
  static func shards(of labels: [Int], clients: Int, perClient: Int, stream: RandomStream)
    -> [[Int]]
  {
    // In random order inside a class, so that a shard isn't a run of neighbours in the file.
    var order = stream.stream("partition.shards.samples")
    let byClass = Dictionary(grouping: order.permutation(labels.count)) { labels[$0] }
    let sorted = byClass.sorted { $0.key < $1.key }.flatMap(\.value)
    let shards = cut(sorted, into: clients * perClient)
    var hands = stream.stream("partition.shards.hands")
    let dealt = hands.permutation(shards.count)
    return (0..<clients).map { client in
      dealt[client * perClient..<(client + 1) * perClient].flatMap { shards[$0] }
    }
  }

  static func dirichlet(
    _ labels: [Int], clients: Int, alpha: Double, minimum: Int, stream: RandomStream
  ) -> [[Int]] {
    var parts = Array(repeating: [Int](), count: clients)
    let byClass = Dictionary(grouping: labels.indices) { labels[$0] }
    for (label, members) in byClass.sorted(by: { $0.key < $1.key }) {
      var members = members
      var order = stream.stream("partition.dirichlet.samples", label)
      order.shuffle(&members)
      // Normalized Gamma(α) numbers are Dir(α); each client has its own stream, so that more
      // clients change no weight.
      var weights = (0..<clients).map { client in
        var draw = stream.stream("partition.dirichlet.weight", label, client)
        return draw.gamma(shape: alpha)
      }
      if weights.allSatisfy({ $0 == 0 }) {
        // Every draw underflowed: what Dir(α) comes to as α falls is one client, each equally
        // likely.
        var draw = stream.stream("partition.dirichlet.only", label)
        weights[draw.index(below: clients)] = 1
      }
      for (client, range) in apportion(members.count, by: weights).enumerated() {
        parts[client] += members[range]
      }
    }
    // The parts lie in the order of their classes: who takes the last takes the last classes.
    var draw = stream.stream("partition.dirichlet.given")
    level(&parts, to: minimum) { part in
      part.swapAt(draw.index(below: part.count), part.count - 1)
      return part.removeLast()
    }
    return parts
  }

  static func logNormal(_ count: Int, clients: Int, sigma: Double, stream: RandomStream) -> [[Int]]
  {
    let weights = (0..<clients).map { client in
      var draw = stream.stream("partition.logNormal.size", client)
      return exp(sigma * draw.normal())
    }
    var order = stream.stream("partition.logNormal.samples")
    let samples = order.permutation(count)
    var parts = apportion(count, by: weights).map { Array(samples[$0]) }
    // The parts lie in random order already.
    level(&parts, to: 1) { $0.removeLast() }
    return parts
  }

  static func byUser(_ users: [Int32], clients: Int, stream: RandomStream) throws(PartitionError)
    -> [[Int]]
  {
    let byUser = Dictionary(grouping: users.indices) { users[$0] }
    guard byUser.count >= clients else {
      throw .tooFewUsers(users: byUser.count, clients: clients)
    }
    var chosen = byUser.keys.sorted()
    if chosen.count > clients {
      var order = stream.stream("partition.users")
      order.shuffle(&chosen)
      chosen = chosen.prefix(clients).sorted()
    }
    return chosen.map { byUser[$0] ?? [] }
  }

  /// Consecutive ranges that cover `count` and whose sizes follow `weights`, rounded at the cuts.
  private static func apportion(_ count: Int, by weights: [Double]) -> [Range<Int>] {
    // Divided by the largest first: huge weights must not add up to infinity.
    let largest = weights.max() ?? 1
    let scaled = weights.map { $0 / largest }
    let total = scaled.reduce(0, +)
    var (sum, start) = (0.0, 0)
    return weights.indices.map { part in
      sum += scaled[part]
      let isLast = part == weights.count - 1
      let end = isLast ? count : min(count, Int((sum / total * Double(count)).rounded(.down)))
      defer { start = max(start, end) }
      return start..<max(start, end)
    }
  }

  /// Moves samples from the largest parts to those below `minimum`; `take` removes one of a part.
  private static func level(
    _ parts: inout [[Int]], to minimum: Int, taking take: (inout [Int]) -> Int
  ) {
    for poor in parts.indices {
      while parts[poor].count < minimum {
        let rich = parts.indices.reduce(0) { parts[$1].count > parts[$0].count ? $1 : $0 }
        parts[poor].append(take(&parts[rich]))
      }
    }
  }
}
