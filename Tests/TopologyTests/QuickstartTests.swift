import Bytes
import Codecs
import Datasets
import Federation
import Foundation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Testing
import Topology

/// The topologies that come with the project.
struct QuickstartTests {
  static let text: String = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return
      (try? String(
        contentsOf: folder.appending(path: "topologies/quickstart.yaml"), encoding: .utf8))
      ?? ""
  }()

  @Test func `the quickstart is right, and shows progressive training in few bytes`() throws {
    let topology = try Texts.topology(Self.text)
    #expect(topology.name == "quickstart")
    #expect(topology.clients == 100)
    #expect(topology.rules.clientsPerRound == 10)
    #expect(topology.rounds >= 30)
    #expect(topology.growthSchedule.stages == 3)
    #expect("\(topology.codecs.up.spec)" == "linear8")
    #expect("\(topology.codecs.down.spec)" == "linear8")
    #expect(TopologyCheck(topology).saving > 4)
  }

  /// Seeded damage: the file is read, or every fault is told with a place inside of it.
  @Test(arguments: 1...300 as ClosedRange<UInt64>)
  func `whatever is done to the file, it is read or refused`(seed: UInt64) throws {
    var random = SystemlessGenerator(state: seed)
    var bytes = Array(Self.text.utf8)
    try #require(bytes.count > 1000)
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      let other = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: bytes.remove(at: index)
      case 3: bytes.insert(Self.signs[other % Self.signs.count], at: index)
      case 4:
        bytes.removeSubrange(min(index, other)..<min(max(index, other), min(index, other) + 40))
      default:
        bytes.insert(
          contentsOf: bytes[min(index, other)...][
            ..<min(max(index, other), min(index, other) + 60)], at: index)
      }
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let lines =
      text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) } + 1
    for fault in Texts.faults(text) {
      #expect(fault.line <= lines && !fault.problem.isEmpty && !fault.remedy.isEmpty)
    }
  }

  private static let signs = Array("[]{}:,-?*&!|>'\"%@`#\n\t 0".utf8)

  /// Each value in turn replaced by something of another type.
  @Test(arguments: ["[]", "{}", "-1", "x", "\"x\"", "null", "1e400", "{name: 3}", "3 s"])
  func `each value may be of another type without harm`(other: String) throws {
    let lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for (index, line) in lines.enumerated() {
      guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("#") else { continue }
      var changed = lines
      changed[index] = "\(line[...colon]) \(other)"
      let key = line[..<colon].trimmingCharacters(in: .whitespaces)
      for fault in Texts.faults(changed.joined(separator: "\n")) {
        #expect(fault.place != .file, "\(key): \(fault.words)")
      }
    }
  }
}

/// The topologies of the experiments on compression.
struct ExperimentTopologyTests {
  private func topology(_ name: String) throws -> Topology {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: folder.appending(path: "topologies/\(name).yaml"), encoding: .utf8)
    return try Texts.topology(text)
  }

  @Test(arguments: [("fmnist-cross-silo", 10), ("fmnist-cross-device", 100)])
  func `the experiments on compression are right and long enough`(
    name: String, clients: Int
  ) throws {
    let topology = try topology(name)
    #expect(topology.name == name)
    #expect(topology.clients == clients)
    #expect(topology.rules.clientsPerRound == 10)
    #expect(topology.rounds >= 300)
    #expect(topology.codecs.up == UpdateCodec(.dense32))
    #expect(TopologyCheck(topology).warnings.isEmpty)
  }
}
