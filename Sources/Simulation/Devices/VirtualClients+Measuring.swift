import Federation
import Links
import LocalTraining
import Measures
import Models
import Tensors
import Topology
import Wire

/// Sums over clients' training samples before the first round; a device takes its time for them.
extension VirtualClients {
  /// The operations for each value of a sample: a square and two additions.
  private static let operationsPerValue = 3

  /// The device begins to add its samples up.
  func measure(_ client: Int) {
    let architecture = world.topology.architecture
    let time = clients[client].device.model.trainingTime(
      forSamples: world.backend.samples(of: client),
      flopsPerSample: Double(Self.operationsPerValue * world.topology.data.facts.input.count),
      fullFlopsPerSample: Double(architecture.trainingFLOPs(stage: architecture.stages)))
    finishMeasuring(
      of: client, at: clients[client].device.beginMeasuring(taking: time, at: world.now))
  }

  /// A client is to have added its samples up at `time`.
  private func finishMeasuring(of client: Int, at time: Duration) {
    world.network.events.insert(.measured(client, restarts: clients[client].restarts), at: time)
  }

  /// A client's device is back, and goes on with adding samples up if it was at that.
  func resumeMeasuring(of client: Int) {
    if let end = clients[client].device.resumeMeasuring(at: world.now) {
      finishMeasuring(of: client, at: end)
    }
  }

  /// The moment at which a client has added its samples up, unless its process is another one by
  /// now.
  func finishMeasuring(of client: Int, _ restarts: Int) {
    guard clients[client].restarts == restarts, !clients[client].hasEnded,
      let end = clients[client].device.finishMeasuring(at: world.now)
    else { return }
    // It was held up meanwhile.
    guard end <= world.now else { return finishMeasuring(of: client, at: end) }
    switch world.backend.sums(of: client) {
    case .measured(let sums): handle(.measured(sums), for: client)
    case .failed(let reason, let detail): handle(.unmeasured(reason, detail: detail), for: client)
    }
  }

  // The backend normalizes the samples of all clients.
  func normalize(_ client: Int, by normalization: FederatedNormalization) {}
}
