import Federation
import Links
import Measures
import Server

/// Who can still come, as far as devices and faults tell.
extension VirtualLoop {
  /// Tells a broker that waits for clients if it would wait for ever.
  func countFleet() {
    guard isFleetToBeCounted, let machine, let awaited = machine.awaited else { return }
    isFleetToBeCounted = false
    let atWork = machine.atWork
    let (cuts, kills) = (endOfCuts, endOfKills)
    let able = clients.indices.count { client in
      atWork.contains(client)
        || mayTakePart(client, machine) && mayReturn(client, cuts: cuts, kills: kills)
    }
    if able < awaited { handle(.limited(to: able)) }
  }

  /// The run ends before its last round; it may go on from here another time.
  func gaveUp(_ shortage: Shortage) {
    isGivenUp = true
    books.count(shortage.counter)
    attempt { try desk.suspend() }
  }

  /// Whether a client's device, samples and memory let it take part in the round that is waited for, now or later.
  private func mayTakePart(_ client: Int, _ machine: BrokerMachine) -> Bool {
    let state = clients[client]
    let limit = desk.samples(of: client) == 0 ? 0 : state.machine.identity.maximalStage
    return !state.hasEnded && machine.canTakePart(client, limit: limit)
      && (state.device.isAvailable(at: now) || state.device.nextChange(after: now) != nil)
  }

  /// Whether the faults that keep a client away, if any do, end.
  private func mayReturn(_ client: Int, cuts: FaultEnd, kills: FaultEnd) -> Bool {
    let state = clients[client]
    if state.returnsDue > 0 { return true }
    return (!state.absence.contains(.cut) || cuts.includes(client))
      && (!state.absence.contains(.killed) || kills.includes(client))
  }

  /// Whose cuts end.
  private var endOfCuts: FaultEnd {
    end { action in
      switch action {
      case .cut, .partition, .restartBroker: true
      case .kill, .stall, .scaleRate: false
      }
    }
  }

  /// Whose killed processes start anew.
  private var endOfKills: FaultEnd {
    end { action in
      switch action {
      case .kill: true
      case .cut, .partition, .restartBroker, .stall, .scaleRate: false
      }
    }
  }

  /// For whom faults of a kind are undone, as they are under way or may yet come.
  private func end(of isMeant: (FaultAction) -> Bool) -> FaultEnd {
    let mayCome = faults.mayCome { isMeant($0.action) && $0.duration != nil }
    let open = openFaults.values.filter { isMeant($0.action) }
    return mayCome ? .anybody : .these(Set(open.flatMap(\.clients)))
  }
}

/// For whom faults of a kind are undone.
private enum FaultEnd {
  case anybody
  case these(Set<Int>)

  func includes(_ client: Int) -> Bool {
    switch self {
    case .anybody: true
    case .these(let clients): clients.contains(client)
    }
  }
}
