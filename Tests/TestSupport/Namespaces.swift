import Foundation

/// Two network namespaces joined by a veth pair, until nobody holds them.
package final class Namespaces: Sendable {
  /// What may be done to what crosses the pair.
  package enum Loss: String, Sendable {
    /// One packet in twenty, either way, by nftables.
    case nftables
    /// The same by netem.
    case netem
    /// As many as a queue that is too short drops, on the way from the first.
    case shortQueue
  }

  /// The wrappers that run a command in each.
  package let first: [String]
  package let second: [String]
  /// The first one's address.
  package let address = "10.77.41.1"
  private let names: [String]

  /// True if this process may make and join namespaces, and have packets get lost between them.
  package static let arePermitted = Namespaces()?.lose() != nil

  /// Makes and joins them; nil if something isn't permitted.
  package init?() {
    let stem = "pf\(getpid() % 100_000)"
    names = ["\(stem)a", "\(stem)b"]
    first = ["ip", "netns", "exec", names[0]]
    second = ["ip", "netns", "exec", names[1]]
    var isMade = names.allSatisfy { Self.run(["ip", "netns", "add", $0]) }
    isMade =
      isMade
      && Self.run([
        "ip", "link", "add", "v0", "netns", names[0], "type", "veth", "peer", "name", "v0",
        "netns", names[1],
      ])
    for (index, name) in names.enumerated() where isMade {
      isMade =
        Self.run(["ip", "-n", name, "addr", "add", "10.77.41.\(index + 1)/24", "dev", "v0"])
        && Self.run(["ip", "-n", name, "link", "set", "v0", "up"])
        && Self.run(["ip", "-n", name, "link", "set", "lo", "up"])
    }
    guard isMade else { return nil }
  }

  deinit { for name in names { _ = Self.run(["ip", "netns", "del", name]) } }

  /// Has packets get lost from now on, in the best way that there is; nil for none.
  ///
  /// By nftables it is each twentieth: offloading makes so few and large ones that chance might
  /// spare all.
  package func lose() -> Loss? {
    let drops = "type filter hook ingress device v0 priority 0;"
    let byTables = [first, second].allSatisfy { inside in
      Self.run(inside + ["nft", "add", "table", "netdev", "t"])
        && Self.run(inside + ["nft", "add", "chain", "netdev", "t", "c", "{ \(drops) }"])
        && Self.run(
          inside + [
            "nft", "add", "rule", "netdev", "t", "c", "numgen", "inc", "mod", "20", "==", "0",
            "drop",
          ])
    }
    if byTables { return .nftables }
    let tc = ["tc", "qdisc", "add", "dev", "v0", "root"]
    if [first, second].allSatisfy({ Self.run($0 + tc + ["netem", "loss", "5%"]) }) {
      return .netem
    }
    let queue = ["tbf", "rate", "50mbit", "burst", "4000", "limit", "6000"]
    return Self.run(first + tc + queue) ? .shortQueue : nil
  }

  /// Has the kernel not send a last packet again, of up to 64 kB, because a busy reader is slow to
  /// acknowledge it.
  package func probeNoTails() {
    for inside in [first, second] {
      _ = Self.run(inside + ["sh", "-c", "echo 0 > /proc/sys/net/ipv4/tcp_early_retrans"])
    }
  }

  /// How many bytes, headers included, the first has sent to the second.
  package var sent: Int {
    let lines = Self.output(first + ["cat", "/proc/net/dev"]).split(separator: "\n")
    let line = lines.first { $0.contains("v0:") }?.split(separator: ":").last ?? ""
    let numbers = line.split(separator: " ")
    return numbers.count > 8 ? Int(numbers[8]) ?? 0 : 0
  }

  private static func run(_ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  private static func output(_ arguments: [String]) -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
