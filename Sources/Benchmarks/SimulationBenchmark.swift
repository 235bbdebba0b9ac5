import Federation
import Foundation
import Ledger
import Measures
import Simulation
import Topology

/// The speed of simulated time: rounds of the cost model, by the fleet's size and by participants.
package struct SimulationBenchmark: Sendable {
  /// The figures of one setting.
  package struct Result: Sendable, Encodable {
    /// The number of clients in the fleet.
    package var clients: Int
    /// The number of clients that take part in a round.
    package var participants: Int
    /// The number of rounds that were played.
    package var rounds: Int
    /// The time of the whole run, the joining of the fleet included.
    package var seconds: Double
    /// The mean time of a round, without the joining of the fleet and the farewell.
    package var millisecondsPerRound: Double
    /// The most memory that the process has had so far.
    package var peakMegabytes: Double
  }

  /// Plays `rounds` of a fleet on LTE and 3G with a part of it in each round.
  ///
  /// - Throws: `TopologyError` for numbers that don't fit together, `LedgerError` for the temporary
  ///   folder.
  package static func play(clients: Int, participants: Int, rounds: Int) throws -> Result {
    let topology = try Topology(
      parsing: text(clients: clients, participants: participants, rounds: rounds),
      file: "benchmark.yaml", checksFiles: false)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "progfed-benchmark-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let directory = try RunDirectory.create(at: folder)
    defer { directory.release() }
    let clock = ContinuousClock()
    let watch = RoundWatch()
    let start = clock.now
    _ = try Simulation(
      .costModel(topology, samplesPerClient: 100), directory: directory, observer: watch
    ).run()
    let total = clock.now - start
    return Result(
      clients: clients, participants: participants, rounds: rounds, seconds: total.seconds,
      millisecondsPerRound: 1000 * watch.secondsPerRound,
      peakMegabytes: Double(ProcessMemory.peak) / 1e6)
  }

  private static func text(clients: Int, participants: Int, rounds: Int) -> String {
    """
    clients: \(clients)
    rounds: \(rounds)
    model: {name: convnet}
    data: {name: fashion-mnist}
    participation: {perRound: \(participants), quorum: 90 %, grace: 10 s, deadline: 10 min}
    codecs: {up: linear8, down: linear8}
    links: {broker: {down: 10 Gbit/s, up: 10 Gbit/s}}
    devices: {phone: {speed: 2 GFLOP/s, spread: 0.5, dropOut: 5 %}}
    groups: {city: {share: 50 %, link: lte, device: phone}, country: {link: 3g, device: phone}}
    """
  }
}

/// The resident memory of this process in bytes, as Linux tells it in /proc; 0 elsewhere.
enum ProcessMemory {
  /// The memory that is resident now.
  static var resident: Int { value("VmRSS") }

  /// The most that was ever resident, or since that was forgotten.
  static var peak: Int { value("VmHWM") }

  /// Has the peak begin anew with what is resident now, where the system allows it.
  static func forgetPeak() {
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
    try? file.write(contentsOf: Data("5".utf8))
    try? file.close()
  }

  /// The value of a line of /proc/self/status.
  private static func value(_ name: String) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("\(name):") })
    else { return 0 }
    return 1024 * (Int(line.filter(\.isNumber)) ?? 0)
  }
}
