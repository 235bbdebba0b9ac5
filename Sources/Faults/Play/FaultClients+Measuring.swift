import Federation
import Measures
import Wire

/// Sums over the samples of a scenario's clients, and the normalization that they go by.
extension FaultClients {
  func measure(_ client: Int) {
    beginTraining(of: client)
    world.note("client \(client) adds its samples up")
    world.network.schedule(
      .measured(
        client: client, training: clients[client].training,
        world.digests.sums(client: client)),
      at: world.now + world.network.pause(10...500))
  }

  /// A client has added up its samples.
  func measured(_ client: Int, _ training: Int, _ sums: SampleSums) {
    guard clients[client].training == training else { return }
    handle(.measured(sums), for: client)
  }

  func normalize(_ client: Int, by normalization: FederatedNormalization) {
    if normalization != world.disk.normalization {
      world.violate(
        .normalized, "client \(client) hears of a normalization that isn't the durable one")
    }
    take(normalization, of: client)
  }

  /// Checks that a client that goes to work does so by the run's normalization, where there is one.
  func checkNormalization(of client: Int) {
    guard world.scenario.measuring != nil else { return }
    guard let known = clients[client].normalization else {
      return world.violate(
        .normalized, "client \(client) goes to work without a normalization")
    }
    if known != world.disk.normalization {
      world.violate(.normalized, "client \(client) goes to work by another normalization")
    }
  }
}
