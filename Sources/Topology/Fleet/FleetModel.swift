package import Links

/// The fleet as virtual time plays it: who has which link and device, when they are there, what breaks.
package struct FleetModel: Sendable {
  /// The groups of consecutive clients, which together are all of them.
  package var groups: [ClientGroup]
  /// The broker's own access link, whose `down` leads to the clients; nil where it never is the bottleneck.
  package var broker: DuplexProfile?
  /// What happens to links, clients and broker.
  package var faults: [FaultRule]

  /// A fleet of the given parts.
  package init(groups: [ClientGroup], broker: DuplexProfile? = nil, faults: [FaultRule] = []) {
    self.groups = groups
    self.broker = broker
    self.faults = faults
  }

  /// The groups' clients by the groups' names.
  package var ranges: [String: Range<Int>] {
    Dictionary(groups.map { ($0.name, $0.clients) }) { first, _ in first }
  }

  /// Whether nothing of it was said: links without limits, and devices that are always there.
  package var isPlain: Bool {
    broker == nil && faults.isEmpty && groups.allSatisfy { $0.isPlain }
  }
}
