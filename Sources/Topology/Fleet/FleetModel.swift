import Federation
package import Links
import Measures

/// The fleet as virtual time plays it: groups of clients with their links, devices and
/// availability, the broker's link, and the faults.
package struct FleetModel: Sendable {
  /// The groups of consecutive clients, which together are all of them.
  package var groups: [ClientGroup]
  /// The broker's own access link, whose `down` leads to the clients; nil where it never is the
  /// bottleneck.
  package var broker: DuplexProfile?
  /// The faults of links, clients and broker.
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

  /// True if the file says nothing of the fleet: links without limits, and devices that are always
  /// there.
  package var isPlain: Bool {
    broker == nil && faults.isEmpty && groups.allSatisfy { $0.isPlain }
  }
}

extension FleetModel {
  /// The longest time that a chunk of the model takes over the slowest link without faults.
  ///
  /// Shared bottlenecks and the broker's own link are divided among all who may use them together.
  func slowestChunk(_ bytes: Int, participants: Int) -> (time: Duration, group: String)? {
    slowest(bytes, .down, participants: participants)
  }

  /// The time that an update takes over the slowest link.
  func slowestUpdate(_ bytes: Int, participants: Int) -> (time: Duration, group: String)? {
    slowest(bytes, .up, participants: participants)
  }

  private func slowest(
    _ bytes: Int, _ direction: Direction, participants: Int
  ) -> (time: Duration, group: String)? {
    groups.map { group in
      var rate = group.link[direction].sustainedRate.bitsPerSecond
      for device in group.recordedDevices {
        rate = min(rate, device.communication.bitsPerSecond)
      }
      let shared = share(of: rate, in: group, direction, participants: participants)
      let transfer = shared.time(for: ByteCount(bytes))
      return (transfer + group.link[direction].roundTrip, group.name)
    }.max { $0.time < $1.time }
  }

  /// The rate that a client's link sustains beside the others of a round.
  func rate(
    of client: Int, in group: ClientGroup, _ direction: Direction, participants: Int
  ) -> Bandwidth {
    let rate = group.link(of: client)[direction].sustainedRate.bitsPerSecond
    return share(of: rate, in: group, direction, participants: participants)
  }

  /// The part of a link's rate, in bits per second, that the bottlenecks behind it leave.
  private func share(
    of rate: Double, in group: ClientGroup, _ direction: Direction, participants: Int
  ) -> Bandwidth {
    var rate = rate
    if let bottleneck = group.bottleneck {
      let sharers = min(bottleneck.clients ?? group.clients.count, group.clients.count)
      let together = bottleneck.link[direction].sustainedRate.bitsPerSecond
      rate = min(rate, together / Double(max(1, min(sharers, participants))))
    }
    if let broker {
      let together = broker[direction].sustainedRate.bitsPerSecond
      rate = min(rate, together / Double(max(1, participants)))
    }
    return Bandwidth(bitsPerSecond: rate)
  }
}
