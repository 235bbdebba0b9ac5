/// The clients that joined and are present, by the deepest stage that their memory allows.
///
/// A round's clients are drawn from it without a walk over the fleet.
package struct PresentClients: Hashable, Sendable {
  /// The rosters by limit; the last one is of those without, or with one that means nothing here.
  private var rosters: [ClientRoster]
  /// The place of each client's roster, −1 where it isn't there.
  private var places: [Int]

  /// An empty set of `clients` clients, for a model of `stages`.
  package init(clients: Int, stages: Int) {
    rosters = Array(repeating: ClientRoster(clients: clients), count: stages + 1)
    places = Array(repeating: -1, count: clients)
  }

  /// The number of clients that are there.
  package var count: Int { rosters.reduce(0) { $0 + $1.count } }

  /// True if a client is there.
  package func contains(_ client: Int) -> Bool {
    places.indices.contains(client) && places[client] >= 0
  }

  /// A client is there, with memory for the stages up to `limit`, nil for all.
  package mutating func insert(_ client: Int, limit: Int?) {
    let last = rosters.count - 1
    let place = max(0, min(limit ?? last, last))
    guard places[client] != place else { return }
    remove(client)
    places[client] = place
    rosters[place].insert(client)
  }

  /// A client isn't there any more.
  package mutating func remove(_ client: Int) {
    guard contains(client) else { return }
    rosters[places[client]].remove(client)
    places[client] = -1
  }

  /// All that are there.
  package var all: Pool { Pool(of: self, excluded: []) { _ in true } }

  /// Those whose limit is allowed, without some.
  package func pool(
    without excluded: some Sequence<Int>, where isAllowed: (_ limit: Int?) -> Bool
  ) -> Pool {
    Pool(of: self, excluded: excluded, where: isAllowed)
  }

  /// Some of the clients that are there, in rising order.
  package struct Pool: RandomAccessCollection {
    private let rosters: [ClientRoster]
    private let clients: PresentClients
    private let allowed: [Bool]
    /// The ranks of those who are left out, in rising order.
    private let holes: [Int]
    private let excluded: Set<Int>

    fileprivate init(
      of clients: PresentClients, excluded: some Sequence<Int>, where isAllowed: (Int?) -> Bool
    ) {
      self.clients = clients
      let last = clients.rosters.count - 1
      let allowed = (0...last).map { isAllowed($0 == last ? nil : $0) }
      let rosters = zip(clients.rosters, allowed).filter { $1 && $0.count > 0 }.map(\.0)
      let members = Set(excluded).filter { client in
        clients.contains(client) && allowed[clients.places[client]]
      }
      holes = members.map { client in rosters.reduce(0) { $0 + $1.rank(of: client) } }.sorted()
      self.excluded = members
      self.allowed = allowed
      self.rosters = rosters
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { rosters.reduce(0) { $0 + $1.count } - holes.count }

    /// The client that has `index` of them below it.
    package subscript(index: Int) -> Int {
      // As many are left out below it as there are holes whose rank, less the holes before, is at
      // most it.
      var (low, high) = (0, holes.count)
      while low < high {
        let middle = (low + high) / 2
        if holes[middle] - middle <= index { low = middle + 1 } else { high = middle }
      }
      return ClientRoster.member(index + low, of: rosters)
    }

    /// True if a client is one of them.
    package func contains(_ client: Int) -> Bool {
      clients.contains(client) && allowed[clients.places[client]] && !excluded.contains(client)
    }
  }
}
