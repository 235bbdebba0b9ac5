import Links
import Measures

/// The section `groups`: the clients' links and devices, in the order of the clients' numbers.
struct GroupsSection {
  /// The size of a group.
  private enum Size {
    case count(Int)
    case share(Share)
    case rest
  }

  private var drafts: [(group: ClientGroup, size: Size)] = []

  init(
    reading keys: inout KeyReader, links: LinksSection, devices: DevicesSection,
    availability: AvailabilitySection, file: String
  ) {
    let remedy = "write a name and below it link, device or availability"
    drafts = keys.named { name, cursor in
      if cursor.isNothing {
        cursor.report("is empty", remedy: remedy)
        return nil
      }
      return cursor.keys {
        Self.group(name, &$0, links: links, devices: devices, availability, file)
      }
    }.map(\.value)
  }

  private static func group(
    _ name: String, _ keys: inout KeyReader, links: LinksSection, devices: DevicesSection,
    _ availability: AvailabilitySection, _ file: String
  ) -> (group: ClientGroup, size: Size) {
    let share = keys.optional("share") { $0.share() }
    let count = keys.optional("clients") { $0.whole(1...1_000_000) }
    if keys.has("share"), keys.has("clients") {
      keys.reading.report(
        keys.full("clients"), "\(keys.full("clients")) stands beside a share",
        remedy: "keep one of them")
    }
    var group = ClientGroup(
      name: name, clients: 0..<0,
      link: keys.value("link", default: ClientGroup.unlimited) { links.link($0) },
      device: keys.value("device", default: ClientGroup.plainDevice) { devices.device($0) },
      bottleneck: keys.optional("shared") { bottleneck($0) })
    group.linkName = keys.has("link") ? keys.optional("link") { $0.word } : nil
    group.deviceName = keys.has("device") ? keys.optional("device") { $0.word } : nil
    switch keys.optional("availability", { availability.availability($0) }) {
    case .profile(let profile): group.device.availability = profile
    case .recorded(let traces): group.recordedAvailability = traces
    case nil: break
    }
    group.recordedDevices = keys.value("capacities", default: []) { recordedDevices($0, file) }
    return (group, count.map { .count($0) } ?? share.map { .share($0) } ?? .rest)
  }

  /// The groups for a fleet of `clients`; contradictions are reported.
  func groups(clients: Int, reading: Reading) -> [ClientGroup] {
    guard !drafts.isEmpty else {
      return [
        ClientGroup(
          name: "all", clients: 0..<clients, link: ClientGroup.unlimited,
          device: ClientGroup.plainDevice)
      ]
    }
    let remainders = drafts.filter { if case .rest = $0.size { true } else { false } }
    if remainders.count > 1 {
      reading.report(
        "groups.\(remainders[1].group.name)",
        "groups.\(remainders[1].group.name) is the second group without share or clients",
        remedy: "say of all groups but one how large they are")
    }
    // Shares are cut between the rounded ends of all shares so far, so that none is rounded away.
    var (total, fixed, sizes) = (Share.zero, 0, [Int?]())
    for draft in drafts {
      switch draft.size {
      case .count(let count): sizes.append(count)
      case .share(let share):
        let before = total.of(clients, rounded: .nearest)
        total += share
        sizes.append(total.of(clients, rounded: .nearest) - before)
      case .rest: sizes.append(nil)
      }
      fixed += sizes.last.flatMap { $0 } ?? 0
    }
    let left = clients - fixed
    if left < 0 || (left > 0 && remainders.isEmpty) {
      reading.report(
        "groups", "groups holds \(fixed) clients in all, but there are \(clients)",
        remedy: "let shares add up to 100 %, or leave one group without share: it gets the rest")
      return []
    }
    var start = 0
    return zip(drafts, sizes).map { draft, size in
      var group = draft.group
      group.clients = start..<start + (size ?? left)
      start = group.clients.upperBound
      return group
    }
  }

  private static func bottleneck(_ cursor: Cursor) -> ClientGroup.Bottleneck? {
    cursor.keys { keys in
      var link = ClientGroup.unlimited
      for (key, path) in [("down", \DuplexProfile.down), ("up", \DuplexProfile.up)] {
        if let rate = keys.optional(key, { $0.bandwidth() }) {
          link[keyPath: path].rate = .constant(rate)
        }
      }
      let clients = keys.optional("clients") { $0.whole(1...1_000_000) }
      return ClientGroup.Bottleneck(link: link, clients: clients)
    }
  }

  private static func recordedDevices(_ cursor: Cursor, _ file: String) -> [FedScaleDevice]? {
    guard let text = cursor.contents(beside: file) else { return nil }
    do throws(TraceError) {
      return try FedScaleDevice.devices(json: text)
    } catch {
      cursor.report("is a file with a fault: \(error)", remedy: "correct that file")
      return nil
    }
  }
}
