import Federation
import Foundation
import Ledger
import Server
import Simulation
import TestSupport
import Testing
import Topology

/// Fleets of all sorts in virtual time: whatever is drawn for them, their runs come to an end.
///
/// With PROGFED_SEEDS=5000 as many are played as that.
@Suite(.longRunning, .timeLimit(.minutes(20))) struct RandomFleetTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  @Test(arguments: RandomTopology.seeds(200))
  func `a fleet plays all of its rounds, whatever its links, devices and faults`(
    seed: UInt64
  ) throws {
    let drawn = try RandomTopology(seed: seed, RandomFleet.draw)
    do {
      let folder = try Folder()
      let directory = try RunDirectory.create(at: folder.url.appending(path: "run"))
      defer { directory.release() }
      let simulation = Simulation(
        .costModel(drawn.topology, samplesPerClient: 60), directory: directory,
        observer: Silence())
      // Far more than any of them has: one that goes on for ever ends as one that was stopped.
      nonisolated(unsafe) var events = 0
      let state = try drawn.whileWrittenDown {
        try simulation.run(stoppingIf: {
          events += 1
          return events > 5_000_000
        })
      }
      let store = try RunStore.read(at: directory.paths.ledger)
      defer { store.close() }
      let summary = try store.summary()
      #expect(state == .done, "after \(events) events, of\n\(drawn.text)")
      #expect(summary.rounds.count == drawn.topology.rounds, "\(drawn.text)")
      // Rounds follow each other in time.
      #expect(summary.rounds.allSatisfy { $0.elapsed >= .zero }, "\(drawn.text)")
    } catch {
      Issue.record("\(error)\n\(drawn.text)")
    }
  }
}
