/// A set of clients in rising order that knows its k-th member.
///
/// A Fenwick tree of counts (Fenwick, "A new data structure for cumulative frequency tables",
/// 1994): changes, ranks and the k-th member cost the logarithm of the number of clients that there
/// can be.
struct ClientRoster: Hashable, Sendable {
  /// The number of members.
  private(set) var count = 0
  /// At i, counted from 1, the number of members that lie in the i & −i places that end at i.
  private var tree: [Int32]

  /// An empty roster of clients from 0 below `clients`.
  init(clients: Int) { tree = [Int32](repeating: 0, count: clients + 1) }

  /// Adds a client, which must not be a member.
  mutating func insert(_ client: Int) { change(client, by: 1) }

  /// Removes a client, which must be a member.
  mutating func remove(_ client: Int) { change(client, by: -1) }

  /// The number of members below a client.
  func rank(of client: Int) -> Int {
    var (sum, place) = (0, client)
    while place > 0 {
      sum += Int(tree[place])
      place &= place - 1
    }
    return sum
  }

  private mutating func change(_ client: Int, by amount: Int32) {
    count += Int(amount)
    var place = client + 1
    while place < tree.count {
      tree[place] += amount
      place += place & -place
    }
  }

  /// The member of `rank` in the union of disjoint rosters of the same clients.
  static func member(_ rank: Int, of rosters: [ClientRoster]) -> Int {
    guard let clients = rosters.first?.tree.count else {
      preconditionFailure("no roster has a member \(rank)")
    }
    var (left, place) = (rank, 0)
    var step = 1 << (Int.bitWidth - 1 - clients.leadingZeroBitCount)
    while step > 0 {
      let next = place + step
      if next < clients {
        let below = rosters.reduce(0) { $0 + Int($1.tree[next]) }
        if below <= left {
          left -= below
          place = next
        }
      }
      step >>= 1
    }
    return place
  }
}
