import Links
import Measures
import Topology

/// The links that no client has for itself: the broker's own, and the bottlenecks that neighbours share.
struct VirtualNetwork {
  /// The broker's own link; nil where it never is the bottleneck.
  var broker: DuplexLink?
  /// What neighbours share.
  var bottlenecks: [DuplexLink] = []

  /// The links of a fleet, and its clients' models and devices by client.
  init(_ fleet: FleetModel, run: RandomStream, each: (Member) -> Void) {
    if let broker = fleet.broker {
      self.broker = DuplexLink(DuplexModel(broker), client: 0, run: run.stream("broker"))
    }
    var models: [DuplexProfile: DuplexModel] = [:]
    func model(_ profile: DuplexProfile) -> DuplexModel {
      if let known = models[profile] { return known }
      let model = DuplexModel(profile)
      models[profile] = model
      return model
    }
    for group in fleet.groups {
      let shared = group.bottleneck.map { DuplexModel($0.link) }
      for client in group.clients {
        let place = group.bottleneck?.clients.map { (client - group.clients.lowerBound) % $0 }
        if let shared, place ?? (client - group.clients.lowerBound) == 0 {
          bottlenecks.append(
            DuplexLink(shared, client: bottlenecks.count, run: run.stream("bottleneck")))
        }
        each(
          Member(
            client: client, link: model(group.link(of: client)), device: group.device(of: client),
            bottleneck: shared == nil ? nil : bottlenecks.count - 1))
      }
    }
  }

  /// What the fleet's description says of one client.
  struct Member {
    var client: Int
    var link: DuplexModel
    var device: DeviceProfile
    var bottleneck: Int?
  }
}
