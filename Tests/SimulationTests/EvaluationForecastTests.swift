import Federation
import Foundation
import Ledger
import Measures
import Server
import Simulation
import TestSupport
import Testing
import Topology

/// The forecast of clients' evaluations against a run of the cost model, byte by byte.
@Suite struct EvaluationForecastTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  @Test(arguments: ["all", "3"])
  func `the cost model moves what was forecast, and says that it has no figures`(
    evaluators: String
  ) throws {
    let topology = try Topology(
      parsing: """
        name: forecast
        clients: 6
        model: {name: convnet}
        data: {name: synthetic}
        stages: {rounds: [2, 2, 3], warmUp: 1}
        evaluation: {clients: \(evaluators)}

        """, file: "forecast.yaml", overrides: Overrides(), checksFiles: false)
    let folder = try Folder()
    let directory = try RunDirectory.create(at: folder.url.appending(path: "run"))
    let simulation = Simulation(
      .costModel(topology, samplesPerClient: 40), directory: directory, observer: Silence())
    #expect(try simulation.run() == .done)
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    let summary = try store.summary()
    let check = TopologyCheck(topology)
    let evaluation = try #require(check.evaluation)
    #expect(summary.kinds[.evaluation]?.down.payload == evaluation.down)
    #expect(summary.totals.traffic.down.payload == check.down)
    // An update says how long each of its segments is, in 4 bytes: that is no forecast's affair.
    let lengths = summary.totals.traffic.up.payload.bytes - check.up.bytes
    #expect((0...4 * 4 * 6 * summary.rounds.count).contains(lengths))
    #expect(summary.rounds.allSatisfy { $0.accuracy == nil })
    #expect(summary.isOfCostModel)
    #expect(summary.untestedReason == "nothing was trained (cost model)")
    #expect(try summary.json().contains("\"costModel\""))
  }
}
