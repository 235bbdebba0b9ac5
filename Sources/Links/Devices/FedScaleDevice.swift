public import Measures

/// One device of a FedScale capacity trace.
public struct FedScaleDevice: Hashable, Sendable {
  /// Its name in the file.
  public var client: String
  /// The time of inference, in milliseconds per sample.
  public var computation: Double
  /// The rate of its link, both ways.
  public var communication: Bandwidth

  /// Its training speed: a step takes three times as long as inference, as FedScale reckons.
  public var speed: ComputeSpeed { .samplesPerSecond(1000 / (3 * computation)) }

  /// The most devices that are held.
  static var mostDevices: Int { 10_000_000 }

  /// Reads the capacity trace as JSON: client → {"computation": ms, "communication": kbit/s}.
  ///
  /// FedScale publishes a Python pickle; `json.dump(pickle.load(f), g)` makes this of it. Other
  /// members are skipped. Client k of a run takes entry k modulo the count.
  ///
  /// - Parameter text: the file's content.
  /// - Returns: the devices in the file's order, at least one.
  /// - Throws: `TraceError` with the number of the line.
  public static func devices(json text: String) throws(TraceError) -> [FedScaleDevice] {
    var json = TraceJSON(text)
    var devices: [FedScaleDevice] = []
    try json.object { (json, client) throws(TraceError) in
      guard devices.count < mostDevices else {
        throw .tooLong(line: json.line, limit: mostDevices)
      }
      var values: (computation: Double?, communication: Double?) = (nil, nil)
      try json.object { (json, key) throws(TraceError) in
        switch key {
        case "computation": values.computation = try positive(&json)
        case "communication": values.communication = try positive(&json)
        default: try json.skip()
        }
      }
      guard let computation = values.computation, let communication = values.communication else {
        throw .malformed(
          line: json.line, found: "client \(TraceLines.quoted(client))",
          expected: "a client with \"computation\" and \"communication\"")
      }
      devices.append(
        FedScaleDevice(
          client: client, computation: computation,
          communication: Bandwidth(bitsPerSecond: communication * 1000)))
    }
    try json.end()
    guard !devices.isEmpty else { throw .empty }
    return devices
  }

  private static func positive(_ json: inout TraceJSON) throws(TraceError) -> Double {
    let value = try json.number()
    guard (1e-3...1e12).contains(value) else {
      throw .outOfRange(line: json.line, value: "\(value)", allowed: "0.001 to 10¹²")
    }
    return value
  }
}
