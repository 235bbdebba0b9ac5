import Federation
import Links
import Measures
import Server
import Topology
import Wire

/// A fault that will be undone.
struct OpenFault {
  /// What it does.
  var action: FaultAction
  /// To whom.
  var clients: [Int]
}

extension VirtualLoop {
  /// Has the next fault of the script that goes by the clock wake the simulation.
  func scheduleFault() {
    if let time = faults.nextTime { events.insert(.fault, at: time) }
  }

  /// Does what the script says for this moment.
  func playFaults() {
    let due = dueFaults
    dueFaults = []
    for fault in due { play(fault) }
    var wasByClock = false
    while let time = faults.nextTime, time <= now, let fault = faults.next() {
      wasByClock = true
      play(fault)
    }
    if wasByClock { scheduleFault() }
    isFleetToBeCounted = true
  }

  private func play(_ fault: ScriptedFault) {
    let rule = fault.rule
    let targets = fault.clients(of: clients.count, groups: topology.fleet.ranges)
    switch rule.action {
    case .cut(let how): for client in targets { cut(client, how) }
    case .partition: for client in targets { cut(client, .blackHole) }
    case .stall:
      let end = now + (rule.duration ?? .zero)
      for client in targets { clients[client].link.stall(at: now, until: end) }
      return books.count("fault: \(rule.action.name)")
    case .kill:
      for client in targets where !clients[client].hasEnded {
        if clients[client].machine.task != nil { books.count("drop-out: killed") }
        kill(client)
        begin(.killed, of: client)
      }
    case .restartBroker: return stopBroker(for: rule.duration ?? .zero)
    case .scaleRate(let factor): scale(targets, by: factor)
    }
    books.count("fault: \(rule.action.name)")
    guard let duration = rule.duration else { return }
    faultCount += 1
    openFaults[faultCount] = OpenFault(action: rule.action, clients: targets)
    events.insert(.undo(faultCount), at: now + duration)
  }

  private func cut(_ client: Int, _ how: Disconnect) {
    guard !clients[client].hasEnded else { return }
    if clients[client].machine.task != nil { books.count("drop-out: cut off") }
    disconnect(client, how)
    begin(.cut, of: client)
    // The address is known anew at once: only the old connection is lost.
    if how.allowsReconnect { end(.cut, of: client) }
  }

  private func scale(_ targets: [Int], by factor: Double) {
    for client in targets {
      clients[client].rateFactor *= factor
      let factor = max(1e-9, min(1e9, clients[client].rateFactor))
      clients[client].link.scaleRate(by: factor, at: now)
    }
  }

  /// A fault is over.
  func undo(_ number: Int) {
    guard let fault = openFaults.removeValue(forKey: number) else { return }
    switch fault.action {
    case .cut, .partition: for client in fault.clients { end(.cut, of: client) }
    case .kill: for client in fault.clients { end(.killed, of: client) }
    case .scaleRate(let factor): scale(fault.clients, by: 1 / factor)
    case .stall, .restartBroker: break
    }
  }

  /// The broker's process dies: connections end, and what it knew is gone but for what is durable.
  private func stopBroker(for duration: Duration) {
    guard machine != nil, result == nil else { return }
    books.count("fault: restart")
    history = machine?.history ?? history
    waitingSince = machine?.awaited == nil ? nil : machine?.waitingSince
    machine = nil
    uploads = [:]
    for client in clients.indices {
      disconnect(client, .reset)
      clients[client].link.restore()
      clients[client].hearings = []
    }
    listeners = [:]
    books.forgetListeners()
    events.insert(.brokerRestart, at: now + duration)
  }

  /// The broker's process is back, as its next incarnation, in the round in which it died.
  func restartBroker() {
    plan.epoch += 1
    machine = BrokerMachine(
      plan: plan, round: currentRound, at: now, stored: stored, history: history,
      waitingSince: waitingSince)
    unjoinedListeners = []
    for client in clients.indices where !clients[client].hasEnded {
      // They try again and again, each in its own time.
      var chance = run.stream("reconnection", client, plan.epoch)
      begin(.cut, of: client, until: now + .nanoseconds(Int64(chance.uniform() * 1e9)))
    }
    handle(.tick)
  }
}

extension FaultAction {
  /// What the ledger calls it.
  fileprivate var name: String {
    switch self {
    case .cut: "cut"
    case .stall: "stall"
    case .partition: "partition"
    case .kill: "kill"
    case .restartBroker: "restart"
    case .scaleRate: "slow"
    }
  }
}
