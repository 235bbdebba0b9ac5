package import Links
import Measures

/// Consecutive clients with links and devices of one kind.
package struct ClientGroup: Sendable {
  /// A bottleneck that neighbours share: a cell, a household, a factory's uplink.
  package struct Bottleneck: Hashable, Sendable {
    /// Both directions of it.
    package var link: DuplexProfile
    /// The number of consecutive clients that share one; nil for all of the group.
    package var clients: Int?
  }

  /// The group's name in the file.
  package var name: String
  /// Its clients, from 0.
  package var clients: Range<Int>
  /// The name of their access links in the file; nil if the file has none.
  package var linkName: String?
  /// Their access links.
  package var link: DuplexProfile
  /// The name of their devices in the file; nil if the file has none.
  package var deviceName: String?
  /// Their devices, and when those are there.
  package var device: DeviceProfile
  /// The bottleneck that neighbours share; nil if each client has a link of its own.
  package var bottleneck: Bottleneck?
  /// Recorded speeds and rates, of which the group's client k takes entry k modulo their count.
  package var recordedDevices: [FedScaleDevice] = []
  /// Recorded times of being there, dealt out in the same way.
  package var recordedAvailability: [AvailabilityTrace] = []

  /// A link that carries anything in no time: what is assumed where a file says nothing.
  package static let unlimited = DuplexProfile(
    down: Bandwidth(bitsPerSecond: 1e15), up: Bandwidth(bitsPerSecond: 1e15), roundTrip: .zero)

  /// A device of 10 GFLOP/s that is always there: what is assumed where a file says nothing.
  package static let plainDevice = DeviceProfile(speed: .flopsPerSecond(10e9))

  /// The link of a client of this group.
  package func link(of client: Int) -> DuplexProfile {
    guard let recorded = recordedDevice(of: client) else { return link }
    var link = link
    for direction in Direction.allCases {
      link[direction].rate = .constant(recorded.communication)
    }
    return link
  }

  /// The device of a client of this group.
  package func device(of client: Int) -> DeviceProfile {
    var device = device
    if let recorded = recordedDevice(of: client) { device.speed = recorded.speed }
    if !recordedAvailability.isEmpty {
      let index = (client - clients.lowerBound) % recordedAvailability.count
      device.availability = .trace(recordedAvailability[index])
    }
    return device
  }

  private func recordedDevice(of client: Int) -> FedScaleDevice? {
    guard !recordedDevices.isEmpty else { return nil }
    return recordedDevices[(client - clients.lowerBound) % recordedDevices.count]
  }

  /// True if the link has no limits and the devices are the assumed ones.
  var isPlain: Bool {
    link == Self.unlimited && device == Self.plainDevice && bottleneck == nil
      && recordedDevices.isEmpty && recordedAvailability.isEmpty
  }
}
