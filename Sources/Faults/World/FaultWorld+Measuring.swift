import Federation
import Measures
import Wire

/// The sums over clients' samples, and the normalization that is made of them, before the first
/// round.
extension FaultWorld {
  /// The broker adds sums up: what is made of them is on the disk in a while.
  ///
  /// - Returns: What the broker tells its machine at once, as a mutation has it.
  func add(_ result: MeasuringResult) -> FederatedNormalization? {
    note("the sums of clients \(result.sums.map(\.client)) are added")
    check(result)
    guard let made = digests.normalization(of: result), let brokerLife else { return nil }
    network.schedule(
      .normalizationDurable(made, life: brokerLife), at: now + network.pause(10...300))
    return mutation == .tellsNormalizationEarly ? made : nil
  }

  /// A normalization has reached the disk; the broker will learn of it, unless it crashes before.
  func keep(_ made: FederatedNormalization, life: Int) throws {
    guard brokerLife == life else { return }
    guard fullDisks == 0 else {
      return network.schedule(
        .normalizationDurable(made, life: life), at: now + .milliseconds(200))
    }
    try storage.keep(made)
    disk.normalization = made
    note("the normalization is durable")
    network.schedule(.normalized(made, life: life), at: now + network.pause(0...20))
  }

  /// The normalization that a restarted broker knows of.
  var recalledNormalization: FederatedNormalization? {
    mutation == .forgetsNormalization ? nil : disk.normalization
  }

  /// Checks that sums are added once, in the order of the clients, each client's own.
  private func check(_ result: MeasuringResult) {
    if disk.normalization != nil { violate(.normalized, "samples are measured again") }
    let clients = result.sums.map(\.client)
    if clients != Set(clients).sorted() {
      violate(.normalized, "the sums of clients \(clients) are added in this order")
    }
    if clients.count < scenario.measuring?.minimumClients ?? 1 {
      violate(.normalized, "the sums of \(clients.count) clients make a normalization")
    }
    for (client, sums) in result.sums where sums != digests.sums(client: client) {
      violate(.normalized, "client \(client)'s sums aren't its own")
    }
  }

  /// Checks that measuring ends by its deadline, once there are enough sums.
  func check(_ machine: BrokerMachine, at local: Duration, wake: Duration) {
    guard let deadline = machine.measuring.deadline else { return }
    if deadline <= local { violate(.punctual, "samples are measured beyond the deadline") }
    if wake > deadline {
      violate(.punctual, "the broker wakes after the deadline of measuring")
    }
  }

  /// Checks that there is a normalization before a round begins, where one is to be made.
  func checkNormalization(before round: Int) {
    guard scenario.measuring != nil, disk.normalization == nil else { return }
    violate(.normalized, "round \(round) begins without a normalization")
  }
}
