import Federation
import Measures
import Wire

/// The memories of a scenario's clients from one update that counts to the next.
extension FaultClients {
  /// A client begins to train: it must remember what came with its last update that counts.
  func checkMemory(of client: Int, in task: ClientTask) {
    guard let memories = world.memories else { return }
    change(client) { ($0.base, $0.unkept) = (task.counted, nil) }
    let due = world.disk.lastCounted(of: client, before: task.round)
    guard let fault = memories.fault(of: client, in: task, due: due) else { return }
    world.violate(.remembered, "client \(client), round \(task.round): \(fault)")
  }

  /// Keeps what a client remembers if its update counts, before that is offered.
  ///
  /// - Returns: False if it isn't kept yet: the disk refused, or the worker's machine stopped.
  func keep(_ offer: Offer, of client: Int, _ training: Int, round: Int) -> Bool {
    guard let memories = world.memories else { return true }
    if world.mutation == .remembersLate {
      change(client) { $0.unkept = (offer, round) }
      return true
    }
    do {
      try memories.keep(offer, of: client, round: round, after: clients[client].base)
      // Also the removal of what is of no more use may be the last that the machine does.
      if !memories.disk(of: client).isDown { return true }
    } catch {
      world.note("client \(client) can't keep what it remembers: \(error)")
    }
    if memories.disk(of: client).isDown {
      stopMachine(of: client)
    } else {
      world.network.schedule(
        .trained(client: client, training: training, round: round, offer),
        at: world.now + .milliseconds(500))
    }
    return false
  }

  /// A worker's machine stopped with an operation on its disk; it starts anew in a while.
  private func stopMachine(of client: Int) {
    crash(client)
    world.network.schedule(
      .workerRestart(client, life: clients[client].life),
      at: world.now + world.network.pause(100...1500))
  }

  /// A worker takes up what its machine holds of its client.
  ///
  /// - Returns: False if the machine stopped with that, or its disk is at fault.
  func takeUpMemory(of client: Int) -> Bool {
    guard let memories = world.memories else { return true }
    do {
      try memories.start(client)
      if !memories.disk(of: client).isDown { return true }
    } catch {
      world.note("the worker of client \(client) can't begin: \(error)")
      if !memories.disk(of: client).isDown {
        world.violate(.remembered, "the worker of client \(client) can't begin: \(error)")
      }
    }
    stopMachine(of: client)
    return false
  }

  /// A client's update is settled, and counts or will.
  func settle(_ client: Int) {
    guard let (offer, round) = clients[client].unkept else { return }
    change(client) { $0.unkept = nil }
    try? world.memories?.keep(offer, of: client, round: round, after: clients[client].base)
  }
}
