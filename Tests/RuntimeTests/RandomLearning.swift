import Federation
import Foundation
import Measures
import Progressive

/// Draws small topologies of all keys that each clock plays, in which nobody is late or lost.
///
/// Who comes first, real sockets decide in their own way; so rounds are over when all who were
/// asked are done: buffers hold as many updates as there are clients, and of more clients than a
/// round is to have, the others don't have the memory for it.
enum RandomLearning {
  static func draw(_ random: inout RandomStream) -> String {
    let clients = random.whole(3...6)
    // As often as any two others together, the strategy of the paper.
    let strategy = random.one(of: [Strategy.progressive, .progressive] + Strategy.allCases)
    let rounds = (0..<3).map { _ in random.whole(1...2) }
    let isScaffold = random.happens(0.15)
    let limited = isScaffold ? 0 : random.whole(0...(clients - 2))
    let caps =
      limited > 0 && random.happens(0.5)
      ? "[{stage: \(random.whole(1...2)), clients: 0-\(limited - 1)}]" : nil
    // Enough for the first stage alone, or for the first two.
    let memory = limited > 0 && caps == nil ? random.one(of: [70, 100, 400, 700]) : nil
    return """
      clients: \(clients)
      strategy: \(strategy.rawValue)
      model: {name: convnet}
      data:
        name: synthetic
        synthetic: {shape: [1, 8, 8], classes: 3, train: 90, test: 30}
        partition: \(random.one(of: ["iid", "{dirichlet: 1, minimum: 4}", "{shards: 2}", "{logNormal: 0.5}"]))
      stages: \(stages(&random, rounds))
      training: \(training(&random, isScaffold))
      server: \(server(&random, isScaffold))
      participation: \(participation(&random, clients, able: clients - limited, caps, strategy, isScaffold))
      codecs: \(codecs(&random))
      evaluation: {every: \(random.whole(0...2)), last: \(random.whole(1...2)), gradient: \(random.one(of: [0, 0, 20]))}
      limits: \(limits(&random))
      \(memory.map { "devices: {small: {memory: \($0) kB}}" } ?? "")
      \(memory.map { _ in "groups: {small: {clients: \(limited), device: small}, rest: {}}" } ?? "")

      """
  }

  private static func stages(_ random: inout RandomStream, _ rounds: [Int]) -> String {
    let warmUp = (rounds.dropFirst().min() ?? 1) > 1 && random.happens(0.4) ? ", warmUp: 1" : ""
    let when = random.one(of: [
      "", "", "", ", when: plateau, patience: 1, gain: 0.5",
      ", when: movement, window: 2, patience: 1, level: 1, slope: 1",
    ])
    let rest = random.keys([
      (0.3, "restartLearningRate", { _ in "true" }), (0.3, "ramp", { "\($0.whole(1...3))" }),
      (0.5, "entry", { $0.one(of: ["random", "continued"]) }),
    ]).dropFirst().dropLast()
    return "{rounds: \(rounds)\(warmUp)\(when)\(rest.isEmpty ? "" : ", \(rest)")}"
  }

  private static func training(_ random: inout RandomStream, _ isScaffold: Bool) -> String {
    let isAdam = !isScaffold && random.happens(0.2)
    return random.keys([
      (1, "epochs", { "\($0.whole(1...2))" }), (1, "batch", { "\($0.whole(4...12))" }),
      (isAdam ? 1 : 0, "optimizer", { _ in "adam" }),
      (0.6, "momentum", { $0.one(of: ["0", "0.5"]) }),
      (
        0.5, "schedule",
        {
          $0.one(of: [
            "cosine", "multistep", "constantThenCosine", "{name: cosineRestarts, period: 2}",
          ])
        }
      ),
      (0.3, "weightDecay", { _ in "0.01" }), (0.3, "clipNorm", { $0.one(of: ["none", "0.1"]) }),
      (isScaffold ? 0 : 0.3, "proximal", { _ in "0.1" }),
      (isScaffold ? 1 : 0, "correction", { _ in "scaffold" }),
      (isScaffold || isAdam ? 0 : 0.1, "nesterov", { _ in "true" }),
    ])
  }

  private static func server(_ random: inout RandomStream, _ isScaffold: Bool) -> String {
    random.keys([
      (
        0.7, "optimizer",
        { $0.one(of: ["fedavg"] + AdaptiveRule.Kind.allCases.map(\.rawValue)) }
      ),
      (0.4, "learningRate", { $0.one(of: ["0.5", "0.01"]) }),
      (0.3, "momentum", { _ in "0.5" }),
      (isScaffold ? 0 : 0.3, "averaging", { _ in "fednova" }),
    ])
  }

  private static func participation(
    _ random: inout RandomStream, _ clients: Int, able: Int, _ caps: String?,
    _ strategy: Strategy, _ isScaffold: Bool
  ) -> String {
    let policy = isScaffold ? "discard" : random.one(of: ["discard", "nextRound", "buffered"])
    // Of a model that grows, all clients train what they can: then who is first would count.
    let isOverSelecting =
      !strategy.grows && able < clients && policy != "buffered" && random.happens(0.8)
    let asked = policy == "buffered" ? clients : isOverSelecting ? able : random.whole(2...clients)
    let late = policy == "discard" ? "" : ", maximalStaleness: \(random.whole(1...3))"
    let buffer = policy == "buffered" ? ", buffer: \(clients)" : ""
    let rest = random.keys([
      (isOverSelecting ? 1 : 0, "overSelect", { _ in "\(Double(clients) / Double(able) - 0.01)" }),
      (0.6, "sampling", { $0.one(of: ["uniform", "fair", "available"]) }),
      (0.5, "weights", { $0.one(of: ["samples", "equal"]) }),
      (policy == "buffered" ? 0 : 0.4, "quorum", { $0.one(of: ["1", "50 %", "100 %"]) }),
      (caps == nil ? 0 : 1, "caps", { _ in caps ?? "" }),
      (0.3, "joinTimeout", { _ in "5 min" }),
    ]).dropFirst()
    return "{perRound: \(asked), stragglers: \(policy)\(late)\(buffer), minimum: \(able), "
      + "deadline: 10 min, grace: 5 min\(rest == "}" ? "" : ", ")\(rest)"
  }

  private static func codecs(_ random: inout RandomStream) -> String {
    let hasFeedback = random.happens(0.4)
    let hasDelta = random.happens(0.5)
    let plain = ["dense32", "linear8", "linear4", "topk10", "stc10", "topk20+linear8"]
    let unbiased = [
      "eden1", "eden2", "random20", "qsgd8", "linear8+random25", "hadamard4", "cosine4",
    ]
    return random.keys([
      (0.9, "up", { $0.one(of: hasFeedback ? plain : plain + unbiased) }),
      (0.8, "down", { $0.one(of: ["dense32", "linear8", "eden4"]) }),
      (0.4, "smallTensors", { $0.one(of: ["0", "16", "100000"]) }),
      (0.3, "blocks", { "{\($0.one(of: ["block1", "block2", "head3"])): linear8}" }),
      (0.3, "initial", { $0.one(of: ["seed", "sent"]) }),
      (hasFeedback ? 1 : 0, "errorFeedback", { _ in "true" }),
      (hasDelta ? 1 : 0, "downDelta", { $0.one(of: ["stc10", "topk10", "linear8"]) }),
      (hasDelta ? 0.5 : 0, "reference", { $0.one(of: ["last", "anchor"]) }),
      (hasDelta ? 0.5 : 0, "keyframeEvery", { "\($0.whole(1...3))" }),
      (
        0.3, "early",
        { "{rounds: 1, up: linear8\(hasDelta && $0.happens(0.5) ? ", downDelta: linear8" : "")}" }
      ),
    ])
  }

  private static func limits(_ random: inout RandomStream) -> String {
    // So long that nobody is asked twice, however busy this machine is.
    "{gather: 1 min, fetch: 5 min, offer: 5 min, heartbeat: 1 min, silence: 10 min"
      + random.keys([
        (0.4, "chunk", { $0.one(of: ["1 KiB", "5 kB"]) }),
        (0.3, "bytesInFlight", { $0.one(of: ["1 MiB", "40 MB"]) }),
        (0.2, "updateNorm", { $0.one(of: ["0.05", "100"]) }),
        (0.2, "announce", { _ in "100 ms" }), (0.2, "repairWindow", { _ in "2 KiB" }),
      ]).replacingOccurrences(of: "{", with: ", ").replacingOccurrences(of: ", }", with: "}")
  }
}
