import Links
import Measures

/// The section `devices`: kinds of devices by name.
struct DevicesSection {
  /// The kinds that the file describes, in the order of their names; when they are there is said
  /// elsewhere.
  let kinds: [(name: String, profile: DeviceProfile)]
  /// The keys that the file gives of each kind, by its name.
  let given: [String: [String]]

  init(reading keys: inout KeyReader) {
    let read = keys.named { Self.profile($1) }.sorted { $0.name < $1.name }
    kinds = read.map { ($0.name, $0.value.profile) }
    given = Dictionary(read.map { ($0.name, $0.value.given) }) { first, _ in first }
  }

  /// The device that stands at the cursor: a name.
  func device(_ cursor: Cursor) -> DeviceProfile? {
    cursor.choice("a device", of: kinds.map { ($0.name, $0.profile) })
  }

  private static let keys = ["speed", "spread", "memory", "dropOut", "joins", "leaves"]

  private static func profile(_ cursor: Cursor) -> (profile: DeviceProfile, given: [String])? {
    let read = cursor.keys { keys -> (DeviceProfile, [String]) in
      let plain = ClientGroup.plainDevice
      let speed = keys.value("speed", default: plain.speed) { $0.computeSpeed() }
      let spread = keys.value("spread", default: plain.speedFactor, Self.spread)
      let memory = keys.optional("memory") { $0.byteCount(1...(1 << 50)) }
      let dropOut = keys.value("dropOut", default: plain.dropOut) { $0.share()?.value }
      let times = Duration.zero ... .seconds(366 * 86_400)
      let joins = keys.value("joins", default: plain.lifetime.joins) { $0.duration(times) }
      let leaves = keys.optional("leaves") { $0.duration(times) }
      let profile = DeviceProfile(
        speed: speed, speedFactor: spread, memory: memory, dropOut: dropOut,
        lifetime: Lifetime(joins: joins, leaves: leaves))
      return (profile, Self.keys.filter { keys.has($0) })
    }
    guard let (profile, given) = read else { return nil }
    for problem in profile.problems {
      cursor.report("is a device with a fault: \(problem)", remedy: "correct the value")
    }
    return profile.problems.isEmpty ? (profile, given) : nil
  }

  /// The distribution of speeds: the deviation of their logarithm, or keys.
  private static func spread(_ cursor: Cursor) -> Distribution? {
    if cursor.isScalar {
      return cursor.number(0...3).map { .logNormal(median: 1, sigma: $0) }
    }
    let read = cursor.keys { keys -> Distribution? in
      let sigma = keys.optional("logNormal") { $0.number(0...3) }
      let deviation = keys.optional("normal") { $0.number(0...3) }
      let bounds = keys.optional("uniform") { cursor -> ClosedRange<Double>? in
        let remedy = "write the slowest and the fastest, as in [0.5, 2]"
        guard let ends = cursor.elements("two factors", remedy: remedy, atMost: 2) else {
          return nil
        }
        let factors = ends.compactMap { $0.number(0...1000, excluding: 0) }
        guard ends.count == 2, factors.count == 2, factors[0] <= factors[1] else {
          cursor.report("isn't a slowest and a fastest factor", remedy: remedy)
          return nil
        }
        return factors[0]...factors[1]
      }
      if let sigma { return .logNormal(median: 1, sigma: sigma) }
      if let deviation { return .normal(mean: 1, deviation: deviation) }
      return bounds.map { .uniform($0) } ?? ClientGroup.plainDevice.speedFactor
    }
    return read ?? nil
  }
}
