import Foundation

/// Hosts in network namespaces of their own, joined by a switch, until nobody holds them.
package final class Hosts: Sendable {
  /// The wrappers that run a command on each.
  package let wrappers: [[String]]
  /// The hosts' addresses.
  package let addresses: [String]
  private let names: [String]

  /// True if this process may make and join namespaces.
  package static let arePermitted = Hosts(1) != nil

  /// Makes and joins `count` hosts; nil if something isn't permitted.
  package init?(_ count: Int) {
    let stem = "pfh\(getpid() % 100_000)"
    names = (0...count).map { "\(stem)x\($0)" }
    wrappers = names.dropFirst().map { ["ip", "netns", "exec", $0] }
    addresses = (1...count).map { "10.77.43.\($0)" }
    var isMade = names.allSatisfy { Self.run(["netns", "add", $0]) }
    let hub = names[0]
    isMade = isMade && Self.run(["-n", hub, "link", "add", "hub", "type", "bridge"])
    isMade = isMade && Self.run(["-n", hub, "link", "set", "hub", "up"])
    for number in 1...count where isMade {
      let (name, port) = (names[number], "port\(number)")
      let steps = [
        [
          "link", "add", "v0", "netns", name, "type", "veth", "peer", "name", port, "netns", hub,
        ],
        ["-n", hub, "link", "set", port, "master", "hub", "up"],
        ["-n", name, "addr", "add", "\(addresses[number - 1])/24", "dev", "v0"],
        ["-n", name, "link", "set", "v0", "up"],
        ["-n", name, "link", "set", "lo", "up"],
      ]
      isMade = steps.allSatisfy(Self.run)
    }
    guard isMade else { return nil }
  }

  deinit { for name in names { _ = Self.run(["netns", "del", name]) } }

  private static func run(_ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ip"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
