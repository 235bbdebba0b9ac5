import Federation
import Foundation
package import Ledger
package import Topology

extension RunOrigin {
  /// The origin of a run of `topology` under the number `run`, of `samples` a client where nothing
  /// is trained.
  package init(_ topology: Topology, run: UInt64, costModel samples: Int? = nil) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // Integers and strings always encode.
    let overrides = (try? encoder.encode(topology.overrides)) ?? Data("{}".utf8)
    self.init(
      run: run, plan: topology.runPlan + Self.costModelLine(samples), topology: topology.source,
      file: URL(fileURLWithPath: topology.file).path,
      overrides: String(decoding: overrides, as: UTF8.self))
  }

  /// The line of a plan that tells that nothing is trained; nothing where clients train.
  static func costModelLine(_ samples: Int?) -> String {
    samples.map { "\(costModelName): \($0) samples a client\n" } ?? ""
  }

  /// The number of samples of each client in a run that trains nothing; nil where clients train.
  package var costModelSamples: Int? {
    let line = plan.split(separator: "\n").first { $0.hasPrefix("\(Self.costModelName): ") }
    return line?.split(separator: " ").compactMap { Int($0) }.first
  }

  /// The topology as it was run: the file's text of then, and what command lines say, then and now.
  ///
  /// - Throws: `TopologyError`, for example where the data set isn't there any more, if files are
  ///   checked.
  package func readTopology(
    overrides now: Overrides, checksFiles: Bool = true
  ) throws(TopologyError) -> Topology {
    let before = try? JSONDecoder().decode(Overrides.self, from: Data(overrides.utf8))
    return try Topology(
      parsing: topology, file: file, overrides: (before ?? Overrides()).overridden(by: now),
      checksFiles: checksFiles)
  }
}

extension RunOrigin {
  /// The plan that the run began with, in the words of this program.
  ///
  /// That of an earlier format is made again from the topology that the run keeps; the tensors stay
  /// those of then, so that a model which this program makes otherwise isn't gone on with.
  package var currentPlan: String {
    guard !PlanText.isCurrent(plan),
      let topology = try? readTopology(overrides: Overrides(), checksFiles: false)
    else { return plan }
    return Self.keeping(plan, in: topology.runPlan + Self.costModelLine(costModelSamples))
  }

  /// The lines of `now`, with those of tensors as `before` has them.
  private static func keeping(_ before: String, in now: String) -> String {
    func isTensors(_ line: Substring) -> Bool { line.contains(/^model\.[0-9]+\./) }
    let lines = now.split(separator: "\n").filter { !isTensors($0) }
    let kept = before.split(separator: "\n").filter(isTensors)
    return (lines + kept).map { "\($0)\n" }.joined()
  }
}

extension Topology {
  /// The settings that decide the result of a run, a line `name: value` for each.
  ///
  /// Waiting times and limits aren't in it: they may change when a run goes on.
  package var runPlan: String {
    var more: [(key: String, value: String)] = []
    if server.averaging != .mean { more.append(("server.averaging", "\(server.averaging)")) }
    if normMultiple != NormGuard.standardMultiple {
      more.append(("limits.normMultiple", normMultiple.map { "\($0)" } ?? "none"))
    }
    if let limit = rules.sampleLimit { more.append(("limits.samples", "\(limit)")) }
    if let evaluation = evaluationRules {
      more.append(("evaluation.clients", "\(evaluation.clients)"))
    }
    if let least = evaluationRules?.minimumClients ?? measuringRules?.minimumClients {
      more.append(("evaluation.minimum.clients", "\(least)"))
    }
    if let depth = depth.canonical { more.append(("participation.depth", depth)) }
    if let cap = rules.weightCap { more.append(("participation.weightCap", "\(cap)")) }
    if let origin = overrides.extended?.origin { more.append(("extends", origin.run)) }
    return plan + """
      seed: \(seed)
      stages: \(growthCanonical)
      model.from: \(startsFrom ?? "none")
      participation.perRound: \(rules.clientsPerRound)
      server: \(server.rule.planText)
      limits.updateNorm: \(updateNorm.map { "\($0)" } ?? "none")

      """ + more.map { "\($0.key): \($0.value)\n" }.joined()
  }
}
