import Codecs
import Federation
import Links
import Measures
import Models

extension TopologyDraft {
  /// The fleet of `clients`, with everything reported that doesn't fit together.
  func fleet(clients: Int, reading: Reading) -> FleetModel {
    let fleet = FleetModel(
      groups: groups.groups(clients: clients, reading: reading), broker: links.broker,
      faults: faults.rules)
    faults.check(against: fleet.groups.map(\.name), reading: reading)
    return fleet
  }

  /// The protocol's limits, with waiting times that the file doesn't give made long enough for its
  /// links.
  ///
  /// A client that asks again before the answer can have arrived is sent it twice.
  func limits(
    for fleet: FleetModel, architecture: Architecture, rules: RoundRules, reading: Reading
  ) -> ProtocolLimits {
    var limits = limits.transfers
    guard reading.isSound("links", "groups", "limits", "codecs", "participation") else {
      return limits
    }
    let update =
      (1...architecture.stages).map { stage in
        architecture.layouts(stage: stage).reduce(0) { $0 + codecs.up.expectedSize(of: $1).bytes }
      }.max() ?? 0
    let participants = rules.clientsPerRound
    let waits: [(String, WritableKeyPath<ProtocolLimits, Duration>, (Duration, String)?, String)] =
      [
        (
          "fetch", \.fetchTimeout,
          fleet.slowestChunk(limits.chunkBytes, participants: participants),
          "a chunk of \(ByteCount(limits.chunkBytes))"
        ),
        (
          "offer", \.offerTimeout, fleet.slowestUpdate(update, participants: participants),
          "an update of \(ByteCount(update))"
        ),
      ]
    for (key, path, slowest, what) in waits {
      guard let (time, group) = slowest else { continue }
      // Three chunks may be ahead of one, and losses may hold it back.
      let patience = Duration.seconds((4 * time.seconds).rounded(.up))
      if !self.limits.given.contains(key) {
        limits[keyPath: path] = max(limits[keyPath: path], min(patience, .seconds(3600)))
      } else if limits[keyPath: path] < time {
        reading.report(
          "limits.\(key)",
          "limits.\(key) is shorter than the \(time.seconds.fixed(1)) s that \(what) takes a "
            + "client of groups.\(group)",
          remedy: "write \(patience.seconds.fixed(0)) s, or leave it out")
      }
    }
    return limits
  }
}
