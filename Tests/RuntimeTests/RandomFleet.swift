import Foundation
import Measures
import Progressive

/// Draws fleets with links, devices, availability and faults, each of which ends its run in the
/// end.
///
/// What is undone is undone, nobody leaves for good, and nothing returns faster than a round may
/// take.
enum RandomFleet {
  static func draw(_ random: inout RandomStream) -> String {
    let clients = random.whole(2...24)
    let size = random.one(of: [8, 28])
    let strategy = strategy(&random)
    let deadline = Double(random.whole(20...400))
    return """
      clients: \(clients)
      strategy: \(strategy.rawValue)
      model: {name: convnet}
      data: {name: synthetic, synthetic: {shape: [1, \(size), \(size)], classes: 3}}
      stages: {rounds: [\(random.whole(1...3)), \(random.whole(1...3)), \(random.whole(1...3))]}
      participation: \(participation(&random, clients, deadline))
      codecs: \(codecs(&random))
      links: \(links(&random))
      devices: \(devices(&random))
      availability: {turns: \(turns(&random)), sleepers: {night: {}, day: \(turns(&random))}}
      groups: \(groups(&random))
      faults: [\((0..<random.whole(0...4)).map { _ in fault(&random, deadline) }.joined(separator: ", "))]

      """
  }

  private static func strategy(_ random: inout RandomStream) -> Strategy {
    // As often as any two others together, the strategy of the paper.
    let drawn = random.one(
      of: [
        Strategy.progressive, .progressive, .progressive, .endToEnd, .layerwise, .partial, .mixed,
        .freezing,
      ])
    guard drawn == .endToEnd else { return drawn }
    // By a stream of their own, so that all else of a seed is as it was before there were these.
    var turns = random.stream("turns")
    return turns.one(of: [.endToEnd, .fedPart, .fedLUAR])
  }

  private static func participation(
    _ random: inout RandomStream, _ clients: Int, _ deadline: Double
  ) -> String {
    let asked = random.whole(1...clients)
    let policy = random.one(of: ["discard", "discard", "nextRound", "buffered"])
    let late = policy == "discard" ? "" : ", maximalStaleness: \(random.whole(1...4))"
    let buffer = policy == "buffered" ? ", buffer: \(random.whole(1...clients))" : ""
    let rest = random.keys([
      (
        0.3, "overSelect", { "\(1 + $0.uniform() * max(0, Double(clients) / Double(asked) - 1.1))" }
      ),
      (0.5, "sampling", { $0.one(of: ["uniform", "fair", "available"]) }),
      (
        policy == "buffered" ? 0 : 0.6, "quorum",
        { $0.happens(0.5) ? "\($0.whole(1...asked))" : "\($0.whole(10...100)) %" }
      ),
      (0.5, "grace", { $0.time(0.001...deadline) }),
      (0.3, "minimum", { "\($0.whole(1...max(1, clients / 4)))" }),
      (0.3, "joinTimeout", { $0.time(1...100) }),
      (0.2, "caps", { "[{stage: \($0.whole(1...2)), clients: 0-\($0.whole(0...(clients - 1)))}]" }),
    ]).dropFirst()
    return "{perRound: \(asked), stragglers: \(policy)\(late)\(buffer), "
      + "deadline: \(deadline + random.uniform()) s, \(rest)"
  }

  private static func codecs(_ random: inout RandomStream) -> String {
    random.keys([
      (0.7, "up", { $0.one(of: ["linear8", "linear4", "topk5", "stc5", "eden1", "random20"]) }),
      (0.7, "down", { $0.one(of: ["linear8", "eden4"]) }),
      (0.3, "initial", { _ in "seed" }),
      (0.2, "young", { "{rounds: \($0.whole(1...2)), up: linear4}" }),
    ])
  }

  private static func rate(_ random: inout RandomStream) -> String {
    let exponent = 5.0 + 4.0 * random.uniform()
    return "\(Int(pow(10, exponent) / 1000)) kbit/s"
  }

  private static func direction(_ random: inout RandomStream) -> String {
    guard random.happens(0.5) else { return rate(&random) }
    return random.keys([
      (1, "rate", { rate(&$0) }), (0.4, "delay", { $0.time(1e-6...1) }),
      (0.4, "jitter", { $0.time(1e-6...0.5) }),
      (0.4, "loss", { "{rate: \($0.whole(1...5)) %, burst: \($0.whole(1...4))}" }),
      (0.3, "burst", { "\($0.whole(1...64)) KiB" }),
      (
        0.3, "queue",
        { "{limit: \($0.whole(300...2000)) KiB, full: \($0.one(of: ["wait", "drop"]))}" }
      ),
    ])
  }

  private static func links(_ random: inout RandomStream) -> String {
    var lines = (0..<2).map { index in
      "own\(index): "
        + random.keys([
          (1, "down", { direction(&$0) }), (1, "up", { direction(&$0) }),
          (0.6, "roundTrip", { $0.time(1e-6...0.8) }),
        ])
    }
    if random.happens(0.25) {
      lines.append("broker: {down: \(rate(&random)), up: \(rate(&random))}")
    }
    return "{\(lines.joined(separator: ", "))}"
  }

  private static func devices(_ random: inout RandomStream) -> String {
    let lines = (0..<2).map { index in
      "device\(index): "
        + random.keys([
          (
            0.9, "speed",
            {
              $0.happens(0.8)
                ? "\($0.whole(1...2000)) MFLOP/s" : "\(1 + 99 * $0.uniform()) samples/s"
            }
          ),
          (0.5, "spread", { "\($0.uniform())" }),
          (0.6, "dropOut", { "\($0.whole(1...40)) %" }),
          (0.2, "joins", { $0.time(1...600) }),
          (0.2, "memory", { "\($0.whole(20...60)) MB" }),
        ])
    }
    return "{\(lines.joined(separator: ", "))}"
  }

  private static func turns(_ random: inout RandomStream) -> String {
    "{on: \(random.time(10...1000)), off: \(random.time(1...600))}"
  }

  private static func groups(_ random: inout RandomStream) -> String {
    let shares = random.one(of: [[""], ["share: 40 %", ""], ["share: 30 %", "share: 33 %", ""]])
    let lines = shares.enumerated().map { index, share in
      let rest = random.keys([
        (0.6, "link", { $0.one(of: ["own0", "own1", "3g", "lte", "sat", "wifi"]) }),
        (0.7, "device", { $0.one(of: ["device0", "device1"]) }),
        (
          0.5, "availability",
          { $0.one(of: ["turns", "turns", "sleepers", "steady", "vehicular", "always"]) }
        ),
        (
          0.2, "shared",
          { "{down: \(rate(&$0)), up: \(rate(&$0)), clients: \($0.whole(1...5))}" }
        ),
      ]).dropFirst()
      return "group\(index): {\(share)\(share.isEmpty || rest == "}" ? "" : ", ")\(rest)"
    }
    return "{\(lines.joined(separator: ", "))}"
  }

  private static func fault(_ random: inout RandomStream, _ deadline: Double) -> String {
    let action = random.one(of: ["cut", "cut", "stall", "partition", "kill", "restart", "slow"])
    let rest = random.keys([
      (
        action == "cut" ? 0.7 : 0, "how",
        { $0.one(of: ["clean", "reset", "blackHole", "rebind"]) }
      ),
      (action == "slow" ? 1 : 0, "factor", { $0.one(of: ["0.1", "0.5", "3", "0.000001"]) }),
      (
        action == "restart" ? 0 : 0.7, "target",
        { $0.one(of: ["fleet", "30 %", "0-3", "'1, 4-9'", "group0"]) }
      ),
      (1, "for", { $0.time(0.01...100) }),
    ]).dropFirst()
    // A broker that is restarted more often than rounds end would never come to an end.
    let often = "\(4 * deadline + 300 * random.uniform()) s"
    let when = random.one(of: [
      "at: \(random.time(0.001...600))", "round: \(random.whole(1...6))",
      "every: \(often), from: \(random.time(1...600))", "random: \(often)",
    ])
    return "{\(when), do: \(action), \(rest)"
  }
}
