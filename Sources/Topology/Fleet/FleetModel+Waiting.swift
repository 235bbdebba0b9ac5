import Federation
import Links
import Measures

extension FleetModel {
  /// How long a client of the slowest link waits for a chunk of the model, at most, when nothing is wrong.
  ///
  /// Shared bottlenecks and the broker's own link are divided among all who may use them together.
  func slowestChunk(_ bytes: Int, participants: Int) -> (time: Duration, group: String)? {
    slowest(bytes, .down, participants: participants)
  }

  /// How long a client of the slowest link takes to send an update.
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
      if let bottleneck = group.bottleneck {
        let sharers = min(bottleneck.clients ?? group.clients.count, group.clients.count)
        let together = bottleneck.link[direction].sustainedRate.bitsPerSecond
        rate = min(rate, together / Double(max(1, min(sharers, participants))))
      }
      if let broker {
        let together = broker[direction].sustainedRate.bitsPerSecond
        rate = min(rate, together / Double(max(1, participants)))
      }
      let transfer = Bandwidth(bitsPerSecond: rate).time(for: ByteCount(bytes))
      return (transfer + group.link[direction].roundTrip, group.name)
    }.max { $0.time < $1.time }
  }
}
