import Measures

/// A kind of access link by name, with where its numbers come from.
///
/// Rates and round trips are those of the named tools; loss is independent per segment. Under loss
/// a transfer gets at most `LinkProfile.sustainedRate`.
public struct LinkPreset: Hashable, Sendable {
  /// Its name in a topology.
  public let name: String
  /// The link's two directions.
  public let profile: DuplexProfile
  /// The source of the numbers.
  public let source: String

  private init(
    _ name: String, down: Double, up: Double, roundTrip: Int, loss: Double = 0, _ source: String
  ) {
    self.name = name
    self.source = source
    profile = DuplexProfile(
      down: Bandwidth(bitsPerSecond: down * 1000), up: Bandwidth(bitsPerSecond: up * 1000),
      roundTrip: .milliseconds(roundTrip), loss: loss > 0 ? .independent(rate: loss) : .none)
  }

  /// All presets, slow mobile links first; rates in kbit/s, round trips in milliseconds.
  public static let all: [LinkPreset] = [
    LinkPreset(
      "2g", down: 280, up: 256, roundTrip: 400, loss: 0.01, "sitespeed.io throttle; loss: Loadero"),
    LinkPreset(
      "edge", down: 240, up: 200, roundTrip: 420, loss: 0.01,
      "sitespeed.io throttle; loss: Loadero"),
    LinkPreset(
      "3gslow", down: 400, up: 400, roundTrip: 200, loss: 0.005,
      "sitespeed.io throttle; loss: Loadero"),
    LinkPreset(
      "3g", down: 1600, up: 768, roundTrip: 150, loss: 0.005,
      "sitespeed.io throttle; loss: Loadero"),
    LinkPreset(
      "4g", down: 9000, up: 9000, roundTrip: 85, loss: 0.002,
      "sitespeed.io throttle; loss: Loadero"),
    LinkPreset(
      "lte", down: 12000, up: 12000, roundTrip: 35, loss: 0.002,
      "sitespeed.io throttle; loss: Loadero"),
    LinkPreset(
      "5g", down: 150_000, up: 15000, roundTrip: 25, loss: 0.001,
      "the middle of published ranges, uncertain"),
    LinkPreset("dsl", down: 1500, up: 384, roundTrip: 25, "sitespeed.io throttle"),
    LinkPreset("cable", down: 5000, up: 1000, roundTrip: 14, "sitespeed.io throttle"),
    LinkPreset("fiber", down: 20000, up: 5000, roundTrip: 2, "sitespeed.io throttle (FIOS)"),
    LinkPreset("wifi", down: 30000, up: 15000, roundTrip: 4, "Firefox developer tools"),
    LinkPreset("sat", down: 1000, up: 256, roundTrip: 600, "Loadero"),
  ]

  /// The preset of a name, in any case.
  public static func named(_ name: String) -> LinkPreset? {
    let name = name.lowercased()
    return all.first { $0.name == name }
  }

  /// The reason for which a link that someone may ask for isn't offered; nil for unknown names.
  public static func objection(to name: String) -> String? {
    guard name.lowercased().hasPrefix("lora") else { return nil }
    return """
      LoRa (EU868) carries at most 5.47 kbit/s in 1 % of the time, in packets of up to 222 bytes: \
      no TCP runs over it, and 60 MB would take 101 days; use a gateway's link instead
      """
  }
}
