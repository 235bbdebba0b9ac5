import Links
import Measures
import Topology

/// The clients and shared links that a topology describes.
struct VirtualFleet {
  /// One client, as the topology describes it.
  struct Member {
    /// Its number.
    var client: Int
    /// The model of its link.
    var link: DuplexModel
    /// Its device.
    var device: DeviceProfile
    /// The place of the bottleneck that it shares; nil where there is none.
    var bottleneck: Int?
  }

  /// The clients, by number.
  private(set) var members: [Member] = []
  /// The bottlenecks that neighbours share.
  private(set) var bottlenecks: [DuplexLink] = []
  /// The broker's own link; nil where it never is the bottleneck.
  private(set) var broker: DuplexLink?

  /// The fleet of `clients` that `model` describes.
  init(_ model: FleetModel, clients: Int, run: RandomStream) {
    members.reserveCapacity(clients)
    if let link = model.broker {
      broker = DuplexLink(DuplexModel(link), client: 0, run: run.stream("broker"))
    }
    var models: [DuplexProfile: DuplexModel] = [:]
    func link(_ profile: DuplexProfile) -> DuplexModel {
      if let known = models[profile] { return known }
      let model = DuplexModel(profile)
      models[profile] = model
      return model
    }
    for group in model.groups {
      let shared = group.bottleneck.map { DuplexModel($0.link) }
      for client in group.clients {
        let place = group.bottleneck?.clients.map { (client - group.clients.lowerBound) % $0 }
        if let shared, place ?? (client - group.clients.lowerBound) == 0 {
          bottlenecks.append(
            DuplexLink(shared, client: bottlenecks.count, run: run.stream("bottleneck")))
        }
        members.append(
          Member(
            client: client, link: link(group.link(of: client)), device: group.device(of: client),
            bottleneck: shared == nil ? nil : bottlenecks.count - 1))
      }
    }
  }
}
