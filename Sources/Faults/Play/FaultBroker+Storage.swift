import Federation
import Ledger
import Measures

/// The broker's work with its disk.
extension FaultBroker {
  /// The storage has failed, or the machine has stopped: whoever runs the broker starts it anew.
  func fail(_ error: any Error) {
    world.note("the broker ends: \(error)")
    // A failing disk says so, and a stopped machine nothing; whatever else is wrong was left there.
    let isTold = if case .system? = error as? LedgerError { true } else { false }
    if !(world.isDiskAtFault && isTold || world.misreads || world.storage.disk.isDown) {
      world.violate(.durable, "the broker can't go on: \(error)")
    }
    crash()
    world.network.schedule(.restart, at: world.now + world.network.pause(100...1500))
  }

  /// An update has reached the disk; the broker will learn of it, unless it crashes before.
  func durable(_ client: Int, _ round: Int, _ submission: Submission, life: Int) {
    // A killed broker's write may still have been done, but not one that comes later.
    guard let process, process.life == life else { return }
    let isClosing = process.closing != nil
    let isEarly = round == world.disk.round && !isClosing && !world.storage.isOpen(for: round)
    if isEarly || round == world.disk.round + 1 && isClosing {
      // What counts in the next round is stored after the last one's end.
      return world.network.schedule(
        .durable(client: client, round: round, submission, life: life),
        at: world.now + .milliseconds(20))
    }
    if round == world.disk.round, !isClosing {
      if let known = world.disk.spool[client], known != submission {
        world.violate(
          .exactlyOnce, "two updates of client \(client) are stored for round \(round)")
      }
      do { try world.storage.append(submission, of: client) } catch { return fail(error) }
      self.process?.unsynced.append((client, round, submission))
      // Several updates may share a wait for the disk.
      guard process.unsynced.isEmpty else { return }
      return world.network.schedule(
        .synced(life: life), at: world.now + world.storage.patience())
    }
    world.network.schedule(
      .stored(client: client, round: round, .accepted, life: life),
      at: world.now + world.network.pause(0...20))
  }

  /// The disk has been waited for: what was appended is durable.
  func synced(life: Int) {
    guard let process, process.life == life else { return }
    self.process?.unsynced = []
    do { try world.storage.sync() } catch { return fail(error) }
    for (client, round, submission) in process.unsynced {
      if world.storage.isOpen(for: round), round == world.disk.round {
        world.disk.spool[client] = submission
        world.note("the update of client \(client) for round \(round) is durable")
      }
      world.network.schedule(
        .stored(client: client, round: round, .accepted, life: life),
        at: world.now + world.network.pause(0...20))
    }
  }

  /// The aggregated model has reached the disk.
  func commit(life: Int) {
    guard let process, process.life == life, let result = process.closing else { return }
    guard world.fullDisks == 0 else {
      return world.network.schedule(
        .committed(life: life), at: world.now + .milliseconds(200))
    }
    var next = world.disk
    let isDiscarded = world.scenario.discards(result.round)
    next.commit(result, history: process.history, isDiscarded: isDiscarded)
    do { try world.keep(next, after: result) } catch { return fail(error) }
    world.disk = next
    let discarded = isDiscarded ? ", and its model discarded" : ""
    world.note("round \(result.round) is committed\(discarded)")
    self.process?.closing = nil
    prepareNext()
  }
}
