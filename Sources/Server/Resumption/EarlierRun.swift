import Bytes
import Foundation
package import Ledger
package import Topology

/// A run that is in a directory already: its origin and its progress.
package struct EarlierRun: Sendable {
  /// The path of its directory.
  package let path: String
  /// The run's origin; nil in ledgers of versions that didn't keep it.
  package let origin: RunOrigin?
  /// The facts that were known before its first round.
  package let header: RunHeader
  /// The state in which it ended or was left.
  package let state: RunState
  private let modelDigest: String?
  private let rounds: Int

  /// The run whose ledger is in the directory of `paths`.
  ///
  /// - Throws: `LedgerError`.
  package init(in paths: RunPaths) throws(LedgerError) {
    path = paths.directory.relativePath
    let ledger = try RunStore.read(at: paths.ledger)
    defer { ledger.close() }
    origin = try ledger.origin()
    header = try ledger.header()
    let summary = try ledger.summary()
    state = summary.state
    modelDigest = summary.final.modelDigest?.hex
    rounds = summary.rounds.last?.round ?? 0
  }

  /// Refuses a topology or a transport that would make it another run.
  ///
  /// In real time an unfinished run takes other waiting times, limits and places of its data, which
  /// don't change its result; nothing else does.
  ///
  /// - Parameters:
  ///   - topology: The topology that the command line comes to.
  ///   - samples: How many samples each client is to have where nothing is trained; nil where
  ///     clients train.
  ///   - transport: The transport asked for a finished run; nil where none was said.
  /// - Throws: ``ResumptionError``, with all that differs by name.
  package func check(
    _ topology: Topology, costModel samples: Int? = nil, transport: String? = nil
  ) throws(ResumptionError) {
    guard let origin else { throw .tooOld(path: path) }
    let plan = topology.runPlan + RunOrigin.costModelLine(samples)
    let earlier = origin.currentPlan
    var difference = PlanDifference(between: earlier, and: plan)
    if state.isFinished || header.clock == "virtual",
      let before = try? origin.readTopology(overrides: Overrides(), checksFiles: false)
    {
      let known = PlanDifference.names(in: earlier).union(PlanDifference.names(in: plan))
      let settings = PlanDifference(between: before.settingLines, and: topology.settingLines)
      difference.values += settings.values.filter { value in
        // What the plan tells by its meaning may be written in several ways.
        !known.contains { value.name == $0 || value.name.hasPrefix("\($0).") }
          && (state.isFinished || value.name != "data.path")
          && !(state == .aborted && Self.waiting.contains(value.name))
      }
    }
    if state.isFinished, let transport, transport != header.transport {
      difference.values.append(
        PlanDifference.Value(name: "transport", first: header.transport, second: transport))
    }
    guard difference.isEmpty else {
      throw .otherRun(
        path: path, topology: topology.file, difference, isOver: state.isFinished)
    }
  }

  /// The keys that a run may go on with in another form that was given up for want of clients.
  private static let waiting: Set = ["participation.minimum", "participation.patience"]

  /// Refuses to go on by another clock.
  ///
  /// - Throws: ``ResumptionError``.
  package func check(clock: String) throws(ResumptionError) {
    guard header.clock != clock else { return }
    throw header.clock == "virtual" ? .virtual(path: path) : .real(path: path)
  }

  /// The start of a run that goes on from this one's last model for so many more rounds.
  ///
  /// - Throws: ``ResumptionError`` where this run isn't finished, or trained nothing.
  package func extended(by rounds: Int) throws(ResumptionError) -> Overrides.Extended {
    guard let origin else { throw .tooOld(path: path) }
    guard state.isFinished else { throw .unfinished(path: path) }
    guard origin.costModelSamples == nil, let modelDigest else { throw .noModel(path: path) }
    return Overrides.Extended(
      rounds: rounds,
      origin: Overrides.Origin(
        run: URL(fileURLWithPath: path).path, rounds: self.rounds, modelDigest: modelDigest))
  }
}
